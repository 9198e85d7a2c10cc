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
    // For scripts/budget.mjs; the binary leaves it out.
    manifest: true,
  },
  server: {
    proxy: { "/graphql": { target: "http://127.0.0.1:8080", ws: true }, "/auth": "http://127.0.0.1:8080" },
  },
});
