/** Files of jsroot that go into the binary as they are. */

declare module "*/hist2d.min.js" {
  const path: string;
  export default path;
}

declare module "*/jsroot/LICENSE" {
  const path: string;
  export default path;
}
