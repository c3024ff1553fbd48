// Every place of the page in every state: empty, busy, done, failed, each looked at for barriers and on a small phone.
// SERVER, DATA and FOLDER as in page.test.js; with PICTURES, a folder, pictures of all of them are put there.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { writeSilence } from './clips.js';
import { checkBarriers, checkNarrow, cut, DATA, FOLDER, job, letUploads, open, page, patience, row, SERVER, test, testComplaints, transcribe, until } from './stage.js';

const { PICTURES } = process.env;
const both = ['light', 'dark'];
const sizes = [[320, 640, ['light']], [375, 740, both], [1280, 800, both], [1920, 1080, both], [3840, 2160, ['dark']]];

async function takePictures(name, on) {
  const before = on.viewportSize();
  for (const [width, height, schemes] of sizes) {
    await on.setViewportSize({ width, height });
    for (const colorScheme of schemes) {
      await on.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await on.waitForTimeout(250);
      await on.screenshot({ path: join(PICTURES, `${name}_${width}_${colorScheme}.png`) });
    }
  }
  await on.setViewportSize(before);
}

async function show(name, on = page) {
  await checkBarriers(on, name);
  await checkNarrow(on, name);
  if (PICTURES) await takePictures(name, on);
  await on.emulateMedia({ colorScheme: null, reducedMotion: null });
}

const ask = async (method, path, body) => {
  const answer = await fetch(SERVER + path, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  assert.ok(answer.ok, await answer.text());
};
const menu = async (button, item) => {
  await page.getByRole('button', { name: button }).click();
  await page.getByRole('menuitem', { name: item, exact: true }).click();
};

// As the server would send it for a clip of 11 s: with parts of every kind, and from right to left.
const hebrew = 'שלום לכולם וברוכים הבאים להרצאה על ההיסטוריה של הדפוס'.split(' ');
function rightToLeft() {
  const segments = [0, 3, 7.5].map((start, id) => ({
    id, start, end: start + 2, text: hebrew.map((word) => ` ${word}`).join(''), temperature: id === 1 ? 0.4 : 0,
    word_data: hebrew.map((word, at) => [` ${word}`, start + at * 0.2, start + at * 0.2 + 0.15, at === 3 ? 0.2 : 0.9]),
  }));
  const coverage = [[0, 2, 'transcribed'], [2, 3, 'no_speech'], [3, 5, 'transcribed'], [5, 6.5, 'failed'], [6.5, 7.5, 'uncertain'], [7.5, 9.5, 'transcribed'], [9.5, 11, 'no_speech']]
    .map(([start, end, status]) => ({ start, end, status, ...(status === 'failed' ? { reason: 'the sound is damaged' } : {}) }));
  return JSON.stringify({ language: 'he', duration: 11, segments, coverage, warnings: [], text: '' });
}

test('empty', async () => {
  await page.getByText('No transcripts yet').waitFor();
  await show('home_empty');
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('button', { name: 'Record' }).click();
  await page.getByText('Recording 0:01').waitFor();
  await show('home_recording');
  await page.getByRole('button', { name: 'Discard' }).click();
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  await show('keys');
  await page.keyboard.press('Escape');
  for (const [name, hash] of [['search_ask', '#/search'], ['search_empty', '#/search?q=nothing'], ['performance_idle', '#/performance'], ['settings', '#/settings'], ['transcript_missing', '#/transcript/0']]) {
    await open(hash);
    await page.waitForTimeout(500);
    await show(name);
  }
});

test('busy', async () => {
  await ask('PATCH', '/api/performance/settings', { running_jobs_max: 2 });
  for (const name of ['short silence.wav', 'An interview whose name is far too wide for one line of a phone.wav']) writeSilence(join(FOLDER, name), 600);
  await open('#/');
  let most = 2_500_000;
  letUploads(most);
  const drip = setInterval(() => letUploads((most += 20_000)), 2000); // a job whose bytes stop coming is put off
  await page.getByTestId('files').setInputFiles(join(FOLDER, 'long talk.wav'));
  await row('long talk.wav').locator('.row-line', { hasText: '\u201c' }).waitFor({ timeout: 3 * patience });
  await page.getByTestId('files').setInputFiles(['short silence.wav', 'An interview whose name is far too wide for one line of a phone.wav'].map((name) => join(FOLDER, name)));
  await row('short silence').getByRole('button', { name: 'Pause' }).waitFor();
  await row('short silence').getByRole('button', { name: 'Pause' }).click();
  await row('An interview').getByRole('button', { name: 'Pause' }).waitFor();
  await until(async () => (await job('An interview'))?.state === 'queued', 'one waits');
  await show('home_busy');
  await open(`#/transcript/${(await job('long')).id}`);
  await page.locator('.text.live [data-word]').first().waitFor();
  await show('transcript_live');
  await open('#/performance');
  await page.locator('.number-card polyline').first().waitFor({ state: 'attached' });
  await page.waitForTimeout(6000); // the charts have grown
  await show('performance_busy');
  clearInterval(drip);
  letUploads(Infinity);
  await open('#/');
  await row('short silence').getByRole('button', { name: 'Go on with' }).click();
  for (const name of ['long', 'short', 'An interview']) await until(async () => (await job(name))?.state === 'completed', `${name} is done`, 3 * patience);
});

let id;
test('done', async () => {
  for (const name of ['short', 'An interview']) await fetch(`${SERVER}/api/jobs/${(await job(name)).id}`, { method: 'DELETE' });
  await transcribe('lj001_0004.mp3', 'Printing, chapter one.mp3');
  await transcribe('jfk.flac', 'ההרצאה הראשונה.flac');
  await transcribe('lj001_0005.mp3', 'book-on-the-history-of-printing_scan_2024-11-02_final_version_2.mp3');
  id = await transcribe('nasa_webb_video.mp4', 'Webb telescope.mp4');
  await ask('PATCH', `/api/jobs/${id}`, { tags: ['space', 'interviews'] });
  await ask('PATCH', `/api/jobs/${(await job('Printing')).id}`, { tags: ['book'] });
  await open('#/');
  await row('Webb').getByRole('button', { name: 'space' }).waitFor();
  await show('home');
  await page.getByRole('button', { name: 'More for Webb telescope.mp4' }).click();
  await show('home_menu');
  await page.getByRole('menuitem', { name: 'Name and tags' }).click();
  await show('details');
  await page.keyboard.press('Escape');
  await page.getByRole('checkbox', { name: 'Select Webb' }).check();
  await page.getByRole('checkbox', { name: 'Select Printing' }).check();
  await show('home_chosen');
  await page.getByRole('button', { name: 'Export as ZIP' }).click();
  await show('export');
  await page.keyboard.press('Escape');
  await open('#/search?q=the');
  await page.locator('.hit').first().waitFor();
  await show('search');
});

test('a transcript, read and edited', async () => {
  await open(`#/transcript/${id}`);
  await page.locator('[data-word]', { hasText: 'Telescope' }).first().click();
  await page.locator('.spoken:not([hidden])').waitFor();
  await show('transcript');
  await page.keyboard.press('/');
  await page.keyboard.type('the');
  await page.locator('.found-now').first().waitFor();
  await show('transcript_find');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Export' }).click();
  await show('transcript_export');
  await page.keyboard.press('Escape');
  await page.keyboard.press('e');
  await page.locator('.cue-text').first().click();
  await page.locator('.cue-input:focus').waitFor();
  await page.keyboard.press('End');
  await page.keyboard.type(' and more');
  await page.getByText('Saved', { exact: true }).waitFor();
  await show('editor');
  await page.keyboard.press('Control+f');
  await page.keyboard.type('the');
  await show('editor_find');
  await page.getByLabel('Find', { exact: true }).press('Escape');
  await page.getByRole('button', { name: 'History' }).click();
  await page.getByRole('button', { name: 'As it was transcribed' }).click();
  await page.locator('.older').waitFor();
  await show('history');
  await page.keyboard.press('Escape');
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.locator('.cue-text').first().click();
  await page.getByRole('button', { name: 'Shift all from here' }).click();
  await page.getByLabel('Seconds, with a minus').fill('99');
  await show('shift');
  await page.keyboard.press('Escape');
});

test('text from right to left, with parts that were not read', async () => {
  await page.route('**/transcript.json', (route) => route.fulfill({ body: rightToLeft(), contentType: 'application/json' }));
  const { id } = await job('ההרצאה');
  await open(`#/transcript/${id}`);
  await page.getByText('could not be transcribed: the sound is damaged').waitFor();
  const strip = page.getByRole('slider', { name: 'Position in the recording' });
  for (const [time, state] of [[1, 'Speech'], [2.5, 'No speech'], [4, 'Speech, heard again'], [5.75, 'Not read'], [7, 'Uncertain']]) {
    await strip.press('Home');
    await page.evaluate((time) => (document.querySelector('video').currentTime = time), time);
    const box = await strip.boundingBox();
    await page.mouse.move(box.x + (box.width * time) / 11, box.y + 10);
    await page.locator('.strip-hover', { hasText: new RegExp(` ${state}$`) }).waitFor();
  }
  for (const look of ['transcribed', 'failed', 'uncertain']) assert.ok((await page.locator(`.strip-spans .${look}`).count()) > 0, look);
  assert.equal(await page.locator('.strip-retried rect').count(), 1);
  await show('transcript_gaps');
  await page.keyboard.press('e');
  await page.locator('.cue-text').first().waitFor();
  await show('editor_rtl');
  await page.unroute('**/transcript.json');
});

test('failed', async () => {
  await open('#/');
  await page.getByTestId('files').setInputFiles(join(DATA, 'jfk.txt'));
  await row('jfk.txt').getByText('not a media file').waitFor();
  await show('home_failed');
  await open(`#/transcript/${(await job('jfk.txt')).id}`);
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  await show('transcript_failed');
  await open(`#/transcript/${id}?edit`);
  await page.locator('.cue-text').first().click();
  await page.locator('.cue-input:focus').waitFor();
  cut(true);
  await page.keyboard.type('Lost? ');
  await page.getByText('Not saved').waitFor();
  const isLost = () => page.getByText('The server does not answer').waitFor();
  await isLost();
  await show('editor_lost');
  await page.evaluate(() => (location.hash = '#/'));
  await row('Webb').waitFor();
  await show('home_lost');
  await page.evaluate(() => (location.hash = '#/transcript/1'));
  await page.getByRole('heading', { name: 'This could not be loaded' }).waitFor();
  await show('transcript_lost');
  await page.evaluate(() => (location.hash = '#/settings'));
  await page.waitForTimeout(300);
  await page.evaluate(() => (location.hash = '#/performance'));
  await page.waitForTimeout(300);
  await show('performance_lost');
  cut(false);
});

test('a server that asks who this is', async () => {
  const other = await page.context().newPage(); // it complains, rightly
  await other.route('**/api/**', (route) => route.fulfill({ status: 401, json: { code: 'unauthorized', detail: 'who is this?' } }));
  await other.goto(SERVER);
  await other.getByLabel('Token').fill('wrong');
  await other.getByRole('button', { name: 'Sign in' }).click();
  await other.getByRole('alert').filter({ hasText: 'Who is this' }).waitFor();
  await show('sign_in', other);
  await other.close();
});

test('from the file to its subtitles by keys alone', async () => {
  page.on('filechooser', () => {}); // asks the browser for it in time: the key below comes by another way
  await open('#/');
  await page.reload();
  await row('Webb').waitFor();
  const tabTo = async (name) => {
    for (let steps = 0; steps < 120; ++steps) {
      await page.keyboard.press('Tab');
      const here = await page.evaluate(() => document.activeElement.ariaLabel ?? document.activeElement.textContent);
      if (here.trim() === name) return;
    }
    assert.fail(`Tab never came to ${name}`);
  };
  await tabTo('Choose files');
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('Enter')]);
  await chooser.setFiles(join(DATA, 'jfk.flac'));
  await until(async () => (await job('jfk.flac'))?.state === 'completed', 'it is transcribed');
  await tabTo('jfk.flac');
  await page.keyboard.press('Enter');
  await page.locator('[data-word]').first().waitFor();
  await page.keyboard.press('e');
  await page.locator('.cue-text').first().waitFor();
  for (let steps = 0; steps < 60 && !(await page.evaluate(() => document.activeElement.classList.contains('cue-text'))); ++steps) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.keyboard.press('End');
  await page.keyboard.type(' By keys.');
  await page.getByText('Saved', { exact: true }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.locator('[data-word]').first().waitFor();
  await tabTo('Export');
  await page.keyboard.press('Enter');
  await page.locator('[role=menuitem]:focus').waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
  assert.match(download.suggestedFilename(), /\.srt$/);
});

testComplaints();
