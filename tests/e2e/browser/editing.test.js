// Transcripts are edited in a real browser, against the real server: SERVER, DATA as in page.test.js.
import assert from 'node:assert/strict';
import { longTranscript } from './clips.js';
import { framesOf, share } from './frames.js';
import { checkBarriers, checkNarrow, cut, network, open, page, SERVER, test, testComplaints, transcribe, until, watch } from './stage.js';

let id;
const original = [];
const texts = (tab = page) => tab.locator('.cue-text, .cue-input').evaluateAll((all) => all.map((one) => one.value ?? one.textContent));
const cue = (at, tab = page) => tab.locator('.cue-text, .cue-input').nth(at);
const write = async (at, tab = page) => {
  await cue(at, tab).click();
  await tab.locator('.cue').nth(at).locator('.cue-input:focus').waitFor();
};
const caret = () => page.evaluate(() => document.activeElement.selectionStart);
const placeCaret = (at) => page.evaluate((at) => document.activeElement.setSelectionRange(at, at), at);
const stored = async () => {
  const { segments } = await (await fetch(`${SERVER}/api/jobs/${id}/transcript.json`)).json();
  return segments.map(({ text, start, end, word_data }) => ({ text: text.trim(), start, end, words: word_data }));
};
const storedTexts = async () => (await stored()).map((one) => one.text);
const isStored = (wanted, what) => until(async () => JSON.stringify(await storedTexts()) === JSON.stringify(wanted), what);
const change = async (changes) => {
  const answer = await fetch(`${SERVER}/api/jobs/${id}/transcript.json`);
  const revision = answer.headers.get('Transcript-Revision');
  const done = await fetch(`${SERVER}/api/jobs/${id}/transcript`, { method: 'PATCH', headers: { 'Content-Type': 'application/json', 'If-Match': `"${revision}"` }, body: JSON.stringify({ changes }) });
  assert.equal(done.status, 200, await done.text());
};
const segment = (text, start, end) => ({ text, start, end });

// Four cues of known text and times, whatever the model heard.
test('a transcript to edit', async () => {
  id = await transcribe('jfk.flac');
  const [{ start }, count] = [(await stored())[0], (await stored()).length];
  original.push('And so my fellow Americans', 'ask not what your country', 'can do for you', 'ask what you can do');
  await change([{ first: 0, count, segments: original.map((text, at) => segment(text, start + at * 2, start + at * 2 + 2)) }]);
  await open(`#/transcript/${id}`);
  await page.locator('[data-word]', { hasText: 'Americans' }).waitFor();
});

test('text is edited in place, saved by itself, and there after a reload', async () => {
  await page.keyboard.press('e');
  await write(1);
  await page.keyboard.press('End');
  await page.keyboard.type(' indeed');
  await page.getByText('Saved', { exact: true }).waitFor();
  await isStored([original[0], `${original[1]} indeed`, original[2], original[3]], 'the server has it');
  assert.match(await (await fetch(`${SERVER}/api/jobs/${id}/transcript.srt`)).text(), /indeed/);
  const { hits } = await (await fetch(`${SERVER}/api/search?q=indeed`)).json();
  assert.equal(hits[0]?.job, id);
  await page.reload();
  await until(async () => (await texts())[1] === `${original[1]} indeed`, 'it is there again, in editing');
});

test('keys cut, merge and lead through the cues', async () => {
  await write(0);
  await placeCaret(6);
  await page.keyboard.press('Enter');
  assert.deepEqual((await texts()).slice(0, 2), ['And so', 'my fellow Americans']);
  assert.equal(await caret(), 0);
  await page.keyboard.press('Backspace');
  assert.equal((await texts())[0], original[0]);
  assert.equal(await caret(), 7);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.value), `${original[1]} indeed`);
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowRight');
  assert.deepEqual([await caret(), await page.evaluate(() => document.activeElement.value)], [0, `${original[1]} indeed`]);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('.cue-input').count(), 0);
  const isOn = (at) => page.locator('.cue').nth(at).locator('.cue-text:focus').waitFor();
  await isOn(1);
  await page.keyboard.press('ArrowDown');
  await isOn(2);
  await page.keyboard.press('Delete');
  assert.equal((await texts()).length, 3);
});

test('everything is undone, and done again', async () => {
  for (let steps = 0; steps < 3; ++steps) await page.keyboard.press('Control+z');
  assert.deepEqual(await texts(), [original[0], `${original[1]} indeed`, original[2], original[3]]);
  assert.equal(await page.getByRole('button', { name: 'Undo (Ctrl Z)' }).isDisabled(), false); // of before the reload
  for (let steps = 0; steps < 3; ++steps) await page.keyboard.press('Control+Shift+z');
  assert.deepEqual(await texts(), [original[0], `${original[1]} indeed`, original[3]]);
  for (let steps = 0; steps < 3; ++steps) await page.keyboard.press('Control+z');
  await isStored([original[0], `${original[1]} indeed`, original[2], original[3]], 'the server followed');
  await page.keyboard.press('Escape');
});

test('keys of an input method are its own', async () => {
  await write(3);
  await page.keyboard.press('End');
  await network.send('Input.imeSetComposition', { text: 'にほ', selectionStart: 2, selectionEnd: 2 });
  await network.send('Input.dispatchKeyEvent', { type: 'keyDown', key: 'Enter', windowsVirtualKeyCode: 229 });
  assert.equal((await texts()).length, 4);
  await network.send('Input.insertText', { text: '日本' });
  await isStored([original[0], `${original[1]} indeed`, original[2], `${original[3]}日本`], 'what was composed is stored');
  await page.keyboard.press('Control+z');
  await isStored([original[0], `${original[1]} indeed`, original[2], original[3]], 'it is undone');
});

test('finding and replacing, one or all', async () => {
  await page.keyboard.press('Control+f');
  await page.keyboard.type('ask');
  await page.getByText('of 2').waitFor();
  await page.getByLabel('Replace by').fill('Request');
  await page.keyboard.press('Enter');
  await page.getByText('of 1').waitFor();
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await page.getByText('None').waitFor();
  assert.deepEqual((await texts()).filter((text) => text.startsWith('Request')).length, 2);
  await page.getByLabel('Find', { exact: true }).fill('REQUEST');
  await page.getByText('of 2').waitFor();
  await page.getByRole('button', { name: 'Capitals count' }).click();
  await page.getByText('None').waitFor();
  await page.getByRole('button', { name: 'Capitals count' }).click();
  await checkBarriers(page, 'finding and replacing');
  await page.getByLabel('Find', { exact: true }).press('Escape');
  await page.keyboard.press('Control+z');
  await page.keyboard.press('Control+z');
  await isStored([original[0], `${original[1]} indeed`, original[2], original[3]], 'both are undone');
});

test('begin and end are nudged, typed, set to the sound and shifted', async () => {
  const before = await stored();
  const near = (one, other) => Math.abs(one - other) < 0.011;
  const isAt = (at, start, end, what) => until(async () => ((now) => near(now[at].start, start) && near(now[at].end, end))(await stored()), what);
  await write(1);
  await page.getByRole('button', { name: 'Begin 0.1 s later' }).click();
  await isAt(1, before[1].start + 0.1, before[1].end, 'the begin is later');
  const begin = page.getByLabel('Begin', { exact: true }).and(page.locator('input'));
  await begin.fill('0:01.00');
  await begin.press('Enter');
  await isAt(1, 1, before[1].end, 'it begins at 1 s');
  assert.ok(near((await stored())[0].end, 1), 'the cue before gave way');
  await begin.fill('soon');
  await begin.press('Enter');
  await page.getByRole('alert').filter({ hasText: 'A time like' }).waitFor();
  await begin.fill('0:01.00');
  await begin.press('Enter');
  await page.evaluate(() => (document.querySelector('video').currentTime = 1.5));
  await page.locator('.clock', { hasText: '0:01' }).waitFor();
  await page.getByRole('button', { name: 'Begin where the sound is' }).click();
  await isAt(1, 1.5, before[1].end, 'it begins where the sound is');
  await page.getByRole('button', { name: 'Shift all from here' }).click();
  await page.getByLabel('Seconds, with a minus').fill('0.5');
  await page.getByRole('button', { name: 'Shift', exact: true }).click();
  await isAt(3, before[3].start + 0.5, before[3].end + 0.5, 'the last moved with it');
  await page.keyboard.press('Control+z');
  await isAt(3, before[3].start, before[3].end, 'it is back');
});

test('what viewers would notice stands beside the cue', async () => {
  const before = await storedTexts();
  const checks = page.locator('.cue').nth(2).locator('.cue-check');
  assert.equal(await checks.count(), 0);
  await write(2);
  await page.keyboard.press('End');
  await page.keyboard.type(' and this is far too much text for a cue of two seconds on any screen that people read from');
  await until(async () => (await checks.count()) === 2, 'it is too fast, and long');
  await page.getByText('columns a second: more than 20 are hard to read').first().waitFor({ state: 'attached' });
  await page.keyboard.press('Control+z');
  await until(async () => (await checks.count()) === 0, 'it is fine again');
  await isStored(before, 'it is as before');
});

test('a doubtful word is confirmed, or changed, and is none any more', async () => {
  await page.getByRole('button', { name: 'Done' }).click();
  const { text, start, end, words } = (await stored())[2];
  const doubtful = words.map(([word, from, to], at) => ({ word, start: from, end: to, probability: at < 2 ? 0.1 : 0.9 }));
  await change([{ first: 2, count: 1, segments: [{ text, start, end, words: doubtful }] }]);
  await page.locator('.doubt-bar', { hasText: '2 doubtful words' }).waitFor(); // it came by itself
  await page.keyboard.press(']');
  await page.locator('.doubt-bar', { hasText: '10 % sure' }).waitFor();
  await page.keyboard.press('y');
  await page.locator('.doubt-bar', { hasText: '1 doubtful word' }).waitFor();
  await page.keyboard.press('e');
  await page.locator('.cue-text .doubt').waitFor();
  await page.keyboard.press('F8');
  await page.keyboard.type('may');
  await until(async () => (await stored())[2].words.every(([, , , probability]) => probability > 0.5), 'the server counts it as sure');
  assert.equal((await texts())[2], 'can may for you');
  await page.getByRole('button', { name: 'Done' }).click();
  await page.locator('.doubt-bar').waitFor({ state: 'detached' });
  await page.keyboard.press('e');
});

test('what cannot be sent is kept, also over a reload, and sent when the server is back', async () => {
  cut(true);
  await write(0);
  await page.keyboard.press('Home');
  await page.keyboard.type('Cut off: ');
  await page.getByText('Not saved').waitFor();
  await page.getByText('It is kept in this browser.').waitFor();
  cut(false);
  await page.reload();
  await until(async () => (await texts())[0]?.startsWith('Cut off: '), 'it is still there');
  await until(async () => (await storedTexts())[0] === `Cut off: ${original[0]}`, 'the server has it');
  cut(true);
  await write(3);
  await page.keyboard.press('End');
  await page.keyboard.type(' again');
  await page.getByText('Not saved').waitFor();
  cut(false);
  await until(async () => (await storedTexts())[3].endsWith(' again'), 'it is sent by itself');
  await page.getByText('Saved', { exact: true }).waitFor();
});

test('what was done is undone after a reload, and after the place was left', async () => {
  const before = await texts();
  await write(1);
  await page.keyboard.press('End');
  await page.keyboard.type(' now');
  await page.getByText('Saved', { exact: true }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Delete');
  await until(async () => (await storedTexts()).length === before.length - 1, 'one is deleted');
  await page.getByText('Saved', { exact: true }).waitFor();
  await page.waitForTimeout(500); // the browser notes that it is saved a moment later
  await page.reload();
  await page.locator('.cue').first().waitFor();
  const undo = page.getByRole('button', { name: 'Undo (Ctrl Z)' });
  await undo.click();
  assert.equal((await texts())[1], `${before[1]} now`);
  await open('#/');
  await open(`#/transcript/${id}?edit`);
  await page.locator('.cue').first().waitFor();
  await undo.click();
  assert.deepEqual(await texts(), before);
  await page.reload();
  await page.locator('.cue').first().waitFor();
  const redo = page.getByRole('button', { name: 'Do again (Ctrl Shift Z)' });
  await redo.click();
  await redo.click();
  assert.equal(await redo.isDisabled(), true);
  assert.equal((await texts()).length, before.length - 1);
  await undo.click();
  await undo.click();
  await isStored(before, 'the server followed');
});

test('what was not sent yet is undone after a reload, too', async () => {
  const before = await texts();
  cut(true);
  await write(2);
  await placeCaret(4);
  await page.keyboard.press('Enter');
  await page.getByText('Not saved').waitFor();
  cut(false);
  await page.route('**/transcript', (route) => route.abort()); // the page comes, what it sends does not arrive
  await page.reload();
  await until(async () => (await texts()).length === before.length + 1, 'it is cut in two');
  await page.getByRole('button', { name: 'Undo (Ctrl Z)' }).click();
  assert.deepEqual(await texts(), before);
  await page.unroute('**/transcript');
  await page.getByText('Saved', { exact: true }).waitFor();
  await isStored(before, 'the server has it as before');
});

test('a word that was confirmed while nothing could be sent stays certain, though its text was changed', async () => {
  const { text, start, end } = (await stored())[3];
  const words = text.split(' ').map((word, at) => ({ word: ` ${word}`, start: start + at * 0.2, end: start + at * 0.2 + 0.2, probability: at < 2 ? 0.1 : 0.9 }));
  await change([{ first: 3, count: 1, segments: [{ text, start, end, words }] }]);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Done' }).click();
  await page.locator('.doubt-bar', { hasText: '2 doubtful words' }).waitFor();
  cut(true);
  await page.keyboard.press(']');
  await page.keyboard.press('y');
  await page.locator('.doubt-bar', { hasText: '1 doubtful word' }).waitFor();
  await page.keyboard.press('e');
  await write(3);
  await page.keyboard.press('End');
  await page.keyboard.type(' today');
  await page.getByText('Not saved').waitFor();
  cut(false);
  await page.reload();
  const doubts = async () => (await stored())[3].words.filter(([, , , probability]) => probability < 0.33).length;
  await until(async () => (await storedTexts())[3] === `${text} today` && (await doubts()) === 1, 'the server knows both');
  await page.getByText('Saved', { exact: true }).waitFor();
  assert.equal(await page.locator('.cue-text .doubt').count(), 1);
});

test('two tabs see and keep the changes of each other', async () => {
  const other = await page.context().newPage();
  watch(other);
  await other.goto(`${SERVER}/#/transcript/${id}?edit`);
  await write(1, other);
  await other.keyboard.press('Home');
  await other.keyboard.type('Other: ');
  await until(async () => (await texts())[1].startsWith('Other: '), 'it came by itself');

  // Both write while neither can send: different cues both stay, of the same one the later is shown.
  cut(true);
  await write(0, other);
  await other.keyboard.press('End');
  await other.keyboard.type(' one');
  await write(2, other);
  await other.keyboard.press('End');
  await other.keyboard.type(' other');
  await other.getByText('Not saved').waitFor();
  await page.bringToFront();
  await write(2);
  await page.keyboard.press('End');
  await page.keyboard.type(' mine');
  await page.getByText('Not saved').waitFor();
  cut(false);
  await until(async () => ((now) => now[0].endsWith(' one') && / (mine|other)$/.test(now[2]))(await storedTexts()), 'both are merged');
  await until(async () => JSON.stringify(await texts()) === JSON.stringify(await texts(other)), 'both show the same');
  await Promise.any([page, other].map((tab) => tab.getByText('also changed elsewhere').waitFor()));
  const { revisions } = await (await fetch(`${SERVER}/api/jobs/${id}/transcript/revisions`)).json();
  assert.ok(revisions.length > 5);
  await other.close();
});

test('an older state is looked at, and restored', async () => {
  await page.getByRole('button', { name: 'History' }).click();
  await page.getByRole('button', { name: 'As it was transcribed' }).click();
  await page.locator('.older .other').first().waitFor();
  await checkBarriers(page, 'the history');
  await checkNarrow(page, 'the history');
  const before = await storedTexts();
  const first = (await (await fetch(`${SERVER}/api/jobs/${id}/transcript.json?revision=0`)).json()).segments.map((one) => one.text.trim());
  await page.getByRole('button', { name: 'Restore this' }).click();
  await isStored(first, 'it is as it was transcribed');
  await until(async () => JSON.stringify(await texts()) === JSON.stringify(first), 'it is shown');
  await page.locator('.note').getByRole('button', { name: 'Undo' }).click();
  await isStored(before, 'the restoring is undone');
});

test('the editor has no serious barrier, nor is it wider than a small phone', async () => {
  await write(1);
  await checkBarriers(page, 'the editor');
  await checkNarrow(page, 'the editor');
});

test('text from right to left is written from right to left', async () => {
  await write(1);
  await page.keyboard.press('Control+a');
  await page.keyboard.type('שלום עולם');
  assert.equal(await page.locator('.cue-input').evaluate((field) => getComputedStyle(field).direction), 'rtl');
  await page.keyboard.press('Escape');
  assert.equal(await cue(1).evaluate((text) => getComputedStyle(text).direction), 'rtl');
  await page.keyboard.press('Control+z');
});

test('ten hours of words are edited smoothly', async () => {
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  await open('#/');
  const body = longTranscript();
  let sent = null;
  await page.route('**/transcript.json', (route) => route.fulfill({ body, contentType: 'application/json', headers: { 'Transcript-Revision': '0' } }));
  await page.route('**/transcript', (route) => {
    sent = route.request().postDataJSON();
    return route.fulfill({ json: { revision: 1, changes: sent.changes.map((one) => ({ ...one, segments: one.segments.map((own, at) => ({ id: at, ...own })) })) } });
  });
  await open(`#/transcript/${id}?edit`);
  await page.locator('.cue').first().waitFor();
  assert.ok((await page.locator('.cue').count()) < 500, 'only what is near is there');
  await page.waitForTimeout(500);
  const frames = await framesOf(page, 90, 120);
  const [median, most] = [share(frames, 0.5), share(frames, 0.95)];
  console.log(`frames of the editor with 100,000 words: median ${median.toFixed(1)} ms, 95 % below ${most.toFixed(1)} ms`);
  assert.ok(median < 100, `median of ${median} ms`);
  await page.keyboard.press('Control+f');
  await page.keyboard.type('word99990');
  await page.locator('.found-now', { hasText: 'word99990' }).click();
  await page.keyboard.press('End');
  await page.keyboard.type(' end');
  await until(() => sent, 'it is sent');
  assert.deepEqual([sent.changes.length, sent.changes[0].first], [1, 4999]);
  await page.unroute('**/transcript.json');
  await page.unroute('**/transcript');
});

testComplaints();
