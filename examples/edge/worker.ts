import { fetch } from "sluice/edge";

export default { fetch };
