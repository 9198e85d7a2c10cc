import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The page's own policy allows scripts, styles and connections of this origin only, so nothing is
// inlined: no data: scripts, no style tags, no polyfill that writes markup.
export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    cssCodeSplit: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    sourcemap: false,
    // Read by scripts/budget.mjs only; scripts/web takes it out of what is shipped.
    manifest: "manifest.json",
  },
  server: {
    proxy: { "/graphql": { target: "http://127.0.0.1:8080", ws: true }, "/auth": "http://127.0.0.1:8080" },
  },
});
