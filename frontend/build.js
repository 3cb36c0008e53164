// Bundles what the pages load into monitor/web/static/vendor, with the licence of every package that is in it.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const VENDOR = "../monitor/web/static/vendor";
mkdirSync(VENDOR, { recursive: true });

const bundled = await build({
  entryPoints: ["vega.js"],
  outfile: `${VENDOR}/vega.min.js`,
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "vega",
  legalComments: "none",
  metafile: true,
});
const ofVega = Object.keys(bundled.metafile.inputs)
  .map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1])
  .filter(Boolean);

const files = {
  "vega.min.js": [...new Set(ofVega)].sort(),
  "htmx.min.js": ["htmx.org"],
  "pico.min.css": ["@picocss/pico"],
};
writeFileSync(`${VENDOR}/htmx.min.js`, readFileSync("node_modules/htmx.org/dist/htmx.min.js"));
writeFileSync(
  `${VENDOR}/pico.min.css`,
  readFileSync("node_modules/@picocss/pico/css/pico.fluid.classless.min.css"),
);

const described = {};
let licences = "Licences of the packages bundled into the files of this folder.\n";
for (const [file, names] of Object.entries(files)) {
  described[file] = {
    sha256: createHash("sha256").update(readFileSync(`${VENDOR}/${file}`)).digest("hex"),
    packages: names.map((name) => {
      const folder = `node_modules/${name}`;
      const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
      const text = readdirSync(folder).find((each) => /^(licen[cs]e|unlicen[cs]e)/i.test(each));
      if (!text) throw new Error(`${name} ${version} carries no licence text`);
      licences += `\n${"-".repeat(80)}\n${name} ${version} (${license}), in ${file}\n\n`;
      licences += readFileSync(`${folder}/${text}`, "utf8").trim() + "\n";
      return `${name} ${version} (${license})`;
    }),
  };
}
writeFileSync(`${VENDOR}/vendored.json`, JSON.stringify(described, null, 2) + "\n");
writeFileSync(`${VENDOR}/LICENSES.txt`, licences);
