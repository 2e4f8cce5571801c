import { writeFileSync } from "node:fs";
import path from "node:path";

/**
 * What a run of Vitest came to, as JSON in the file that TEST_RESULTS names: of each file its tests, and what went
 * wrong outside of them (a hook, an import, a promise that nobody awaits); of the run, what belongs to no file.
 */
export default class ResultsReporter {
  onTestRunEnd(modules, unhandled) {
    const messages = (errors) => errors.map((error) => error.stack || error.message);
    const uncaughtIn = (file) =>
      unhandled.filter(({ VITEST_TEST_PATH: at }) => at !== undefined && path.resolve(at) === file);
    const files = modules.map((module) => ({
      path: module.relativeModuleId,
      tests: [...module.children.allTests()].map((test) => {
        const { state, errors = [] } = test.result();
        return { name: test.fullName, state, messages: messages(errors) };
      }),
      errors: messages([
        ...[module, ...module.children.allSuites()].flatMap((part) => part.errors()),
        ...uncaughtIn(module.moduleId),
      ]),
    }));
    const known = modules.flatMap(({ moduleId }) => uncaughtIn(moduleId));
    const unknown = unhandled.filter((error) => !known.includes(error));
    writeFileSync(process.env.TEST_RESULTS, JSON.stringify({ files, errors: messages(unknown) }));
  }
}
