// Uploads a file with tus-js-client and prints what came of it as one line of JSON.
// node client.js OPTIONS, a JSON object: endpoint, file, and of tus-js-client chunkSize, parallelUploads, metadata ...;
// pauseAt (bytes): abort there, wait, and start again; abortAt (bytes): abort there and delete the upload.
import { createReadStream } from "node:fs";
import { PassThrough } from "node:stream";
import { Upload } from "tus-js-client";

const { file, pauseAt, abortAt, ...options } = JSON.parse(process.argv[2]);

function report(result) {
  console.log(JSON.stringify({ url: upload.url, sent, requests, ...result }));
}

let sent = 0;
let interrupted = false;
const requests = [];

// tus-js-client looks at a file's size even where the length is to be told later; of a pipe it cannot.
const stream = createReadStream(file);
const upload = new Upload(options.uploadLengthDeferred ? stream.pipe(new PassThrough()) : stream, {
  retryDelays: [0, 200, 1000],
  ...options,
  onAfterResponse: (request, response) => {
    requests.push(`${request.getMethod()} ${response.getStatus()}`);
  },
  onProgress: async (bytes) => {
    sent = Math.max(sent, bytes);
    const limit = pauseAt ?? abortAt;
    if (limit === undefined || interrupted || bytes < limit) return;
    interrupted = true;
    await upload.abort(abortAt !== undefined);
    if (abortAt !== undefined) report({ aborted: true });
    else upload.start();
  },
  onSuccess: () => report({ done: true }),
  onError: (error) => {
    report({ error: String(error) });
    process.exitCode = 1;
  },
});
upload.start();
