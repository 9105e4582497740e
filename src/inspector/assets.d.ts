/** The address of engine.wasm among the files of the page: see vite.config.mjs. */
declare module "#engine-url" {
  const url: string;
  export default url;
}
