// The parts of Vega the pages use, with the interpreter that works without `unsafe-eval`.
export { Error, View, logger, parse } from "vega";
export { expressionInterpreter } from "vega-interpreter";
// Charts come as Vega-Lite specs and are compiled where they are drawn.
export { compile } from "vega-lite";
