// Holds a request in GraphQL, read as JSON from standard input, against the schema that GitHub publishes, and prints what is
// wrong with it, a line each. The first argument is the folder of modules that has both. It asks nobody.
const fs = require("node:fs");
const path = require("node:path");

const modules = process.argv[2];
const { buildSchema, parse, validate } = require(path.join(modules, "graphql"));
const { getVariableValues } = require(path.join(modules, "graphql/execution/values.js"));

const text = fs.readFileSync(path.join(modules, "@octokit/graphql-schema/schema.graphql"), "utf8");
const schema = buildSchema(text, { assumeValid: true });
const { query, variables } = JSON.parse(fs.readFileSync(0, "utf8"));
const document = parse(query);
const wrong = validate(schema, document);
const { errors = [] } = getVariableValues(schema, document.definitions[0].variableDefinitions ?? [], variables ?? {});
for (const { message } of [...wrong, ...errors]) {
  console.log(message);
}
