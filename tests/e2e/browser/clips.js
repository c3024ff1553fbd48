// What is transcribed, or shown as if it had been.
import { writeFileSync } from 'node:fs';

// A header and silence: plain to make, and quick to transcribe.
export function writeSilence(path, seconds) {
  const data = Buffer.alloc(44 + seconds * 32_000);
  data.write('RIFF', 0);
  data.writeUInt32LE(data.length - 8, 4);
  data.write('WAVEfmt ', 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20);
  data.writeUInt16LE(1, 22);
  data.writeUInt32LE(16_000, 24);
  data.writeUInt32LE(32_000, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write('data', 36);
  data.writeUInt32LE(data.length - 44, 40);
  writeFileSync(path, data);
}

// A transcript of ten hours, as the server would send it.
export function longTranscript() {
  const words = Array.from({ length: 100_000 }, (_, at) => [` word${at}${at % 17 ? '' : '.'}`, at * 0.36, at * 0.36 + 0.3, at % 50 ? 0.9 : 0.2]);
  const segments = Array.from({ length: 5000 }, (_, id) => {
    const own = words.slice(id * 20, id * 20 + 20);
    return { id, start: id * 7.2, end: id * 7.2 + 7, text: own.map(([text]) => text).join(''), temperature: 0, word_data: own };
  });
  return JSON.stringify({ language: 'en', duration: 36_000, segments, coverage: [{ start: 0, end: 36_000, status: 'transcribed' }], warnings: [], text: '' });
}
