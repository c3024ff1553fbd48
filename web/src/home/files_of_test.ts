import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesOf, looksLikeMedia } from './files_of';

const file = (name: string, type = '') => new File(['x'], name, { type });
const fileEntry = (name: string) => ({ name, isFile: true, isDirectory: false, file: (take: (file: File) => void) => take(file(name)) });

// As browsers do: in pieces, until an empty one.
function folderEntry(name: string, children: { name: string }[]) {
  const left = [...children];
  return { name, isFile: false, isDirectory: true, createReader: () => ({ readEntries: (take: (entries: unknown[]) => void) => take(left.splice(0, 1)) }) };
}

function dropped(entries: { name: string; isFile: boolean }[]): DataTransfer {
  const items = entries.map((entry) => ({ webkitGetAsEntry: () => entry }));
  return { items, files: entries.map((entry) => file(entry.name)) } as unknown as DataTransfer;
}

test('files that are dropped are taken as they are', async () => {
  const found = await filesOf(dropped([fileEntry('a.mp4'), fileEntry('notes')]));
  assert.deepEqual(found.map((one) => one.name), ['a.mp4', 'notes']);
});

test('folders are searched to the bottom, but not what is hidden', async () => {
  const inner = folderEntry('inner', [fileEntry('b.mp3'), fileEntry('.DS_Store')]);
  const found = await filesOf(dropped([folderEntry('outer', [fileEntry('a.mp4'), inner]), fileEntry('c.wav')]));
  assert.deepEqual(found.map((one) => one.name), ['a.mp4', 'b.mp3', 'c.wav']);
});

test('what looks like a recording', () => {
  assert.deepEqual([file('a.MKV'), file('b', 'audio/ogg'), file('c.txt', 'text/plain'), file('d.pdf')].map(looksLikeMedia), [true, true, false, false]);
});
