// Nothing: see the description in package.json.
export default undefined;
