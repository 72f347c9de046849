// Holds documents against JSON Schemas (2020-12) with Ajv, in its strict mode: [{name, schema, document}] as JSON on standard
// input. A schema without a document is held against its own examples.
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

let faults = 0;
for (const { name, schema: file, document } of JSON.parse(await text(process.stdin))) {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
  addFormats.default(ajv);
  const schema = JSON.parse(readFileSync(file, "utf8"));
  const holds = ajv.compile(schema);
  for (const one of document === undefined ? schema.examples : [document]) {
    if (!holds(one)) {
      faults += 1;
      console.log(name, ajv.errorsText(holds.errors));
    }
  }
}
console.log(faults === 0 ? "all hold" : `${faults} do not hold`);
