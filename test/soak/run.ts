import { figuresTable } from "./figures.js";
import { soak } from "./soak.js";

/** npm run soak [-- VIEWERS PUBLISHERS]: thousands come and go; ends with code 1 when the server keeps anything of them. */

const [viewers = 10_000, publishers = 1_000] = process.argv.slice(2).map(Number);
console.log(`warming up: ${viewers} viewers and ${publishers} publishers`);
const begun = performance.now();
const { before, after, counts, problems } = await soak({
  viewers,
  publishers,
  width: 50,
  onProgress(done, of) {
    if (done % 1_000 === 0) console.log(`${done} of ${of} viewers have come and gone`);
  },
});

console.log(`\n${figuresTable(before, after)}\n`);
console.log(
  `viewers: ${counts.play} came, ${counts.stop} went; publishers: ${counts.publish} came, ${counts.unpublish} went`,
);
console.log(`${((performance.now() - begun) / 1000).toFixed(0)} s`);
for (const problem of problems) console.log(`NOT AS BEFORE: ${problem}`);
console.log(problems.length === 0 ? "all is as it was before" : "FAILED");
process.exitCode = problems.length === 0 ? 0 : 1;
