import { afterEach } from "vitest";
import { closePages } from "./chromium.js";

afterEach(closePages);
