import { defineConfig } from 'vite';

// `npm run dev` shows the page while it is written; VERBATIM_URL names the server it talks to.
const server = process.env.VERBATIM_URL ?? 'http://127.0.0.1:8090';
const proxied = {
  target: server,
  changeOrigin: true,
  headers: { Origin: server },
};

export default defineConfig({
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // the content security policy allows no data: in scripts and styles
    modulePreload: { polyfill: false }, // it would be an inline script
    reportCompressedSize: false,
  },
  server: { proxy: { '/api': proxied, '/v1': proxied, '/healthz': proxied, '/openapi.json': proxied } },
});
