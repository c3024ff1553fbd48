// What the page costs, in a real browser: SERVER, DATA and FOLDER as in page.test.js. Prints each value with its
// limit; the exit code is 1 if one is exceeded. The machine should have nothing else to do.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { longTranscript, writeSilence } from './clips.js';
import { framesOf, share } from './frames.js';

const { SERVER, FOLDER } = process.env;
const cpuSeconds = Number(process.env.CPU_SECONDS ?? 60);
const frameLimit = 1000 / 30; // ms: below it motion is smooth
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--mute-audio'] });
const system = await browser.newBrowserCDPSession();
let isTooMuch = false;

function tell(what, value, unit, limit) {
  const fails = limit !== undefined && value >= limit;
  isTooMuch ||= fails;
  const bound = limit === undefined ? '' : `   limit ${limit.toFixed(unit === '%' ? 1 : 0)} ${unit}${fails ? '   TOO MUCH' : ''}`;
  console.log(`${what.padEnd(58)}${value.toFixed(unit === '%' ? 2 : 1).padStart(9)} ${unit}${bound}`);
}

async function newPage() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  return context.newPage();
}

const median = (values) => share(values.sort((a, b) => a - b), 0.5);

// From the first request to a page that answers to clicks, with nothing in the cache.
async function measureStart(runs = 7) {
  const [interactive, painted, bytes] = [[], [], []];
  for (let run = 0; run < runs; ++run) {
    const page = await newPage();
    const network = await page.context().newCDPSession(page);
    await network.send('Network.enable');
    const scripts = new Set();
    let size = 0;
    network.on('Network.responseReceived', ({ requestId, type }) => type === 'Script' && scripts.add(requestId));
    network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => scripts.has(requestId) && (size += encodedDataLength));
    // The first moment at which the button to choose files is there and the thread is free to hear it.
    await page.addInitScript(() => {
      const look = () => (document.querySelector('.drop-ways button') ? setTimeout(() => (window.interactiveAt = performance.now())) : requestAnimationFrame(look));
      requestAnimationFrame(look);
    });
    await page.goto(SERVER);
    await page.waitForFunction(() => window.interactiveAt);
    interactive.push(await page.evaluate(() => window.interactiveAt));
    painted.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0));
    bytes.push(size);
    await page.context().close();
  }
  tell('first page, cold cache: first paint', median(painted), 'ms');
  tell('first page, cold cache: interactive', median(interactive), 'ms', 1000);
  tell('first page, cold cache: interactive, slowest of all runs', Math.max(...interactive), 'ms');
  tell('scripts, compressed', median(bytes) / 1000, 'kB', 200);
}

async function submit(path, name) {
  const form = new FormData();
  form.set('word_timestamps', 'true');
  form.set('file', new Blob([readFileSync(path)]), name);
  const { id } = await (await fetch(`${SERVER}/api/jobs`, { method: 'POST', body: form })).json();
  for (;;) {
    const { state } = await (await fetch(`${SERVER}/api/jobs/${id}`)).json();
    if (state === 'completed') return id;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function tellFrames(what, frames) {
  tell(`${what}: median`, share(frames, 0.5), 'ms', frameLimit);
  tell(`${what}: 95 % below`, share(frames, 0.95), 'ms', frameLimit);
  tell(`${what}: 99 % below`, share(frames, 0.99), 'ms');
}

// Ten hours, 100,000 words; the sound is silence, which costs as much to play as speech.
async function measureTranscript() {
  const path = join(FOLDER, 'silence.wav');
  writeSilence(path, 120);
  const id = await submit(path, 'silence.wav');
  const page = await newPage();
  const body = longTranscript();
  await page.route('**/transcript.json', (route) => route.fulfill({ body, contentType: 'application/json' }));
  for (const [name, query] of [['reading', ''], ['editing', '?edit']]) {
    await page.goto(`${SERVER}/#/transcript/${id}${query}`);
    await page.locator(query ? '.cue' : '[data-word]').first().waitFor();
    await page.waitForTimeout(1000);
    tellFrames(`frames, ${name} 100,000 words, scrolling`, await framesOf(page, 600, 60));
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.waitForTimeout(500);
    await page.evaluate(() => document.querySelector('video').play());
    await page.waitForTimeout(500);
    tellFrames(`frames, ${name} 100,000 words, playing`, await framesOf(page, 600, 0));
    await page.evaluate(() => document.querySelector('video').pause());
    await page.goto('about:blank');
  }
  await page.context().close();
}

// Seconds of CPU of each process of a kind.
async function cpuOf(type) {
  const { processInfo } = await system.send('SystemInfo.getProcessInfo');
  return new Map(processInfo.filter((one) => one.type === type).map((one) => [one.id, one.cpuTime]));
}

// One page alone: of the renderers, which the browser has for itself too, it is the one that works most.
async function measureDashboard() {
  const page = await newPage();
  await page.goto(`${SERVER}/#/performance`);
  await page.locator('.number-card polyline').first().waitFor({ state: 'attached' });
  await page.waitForTimeout(15_000); // charts are there, and compiled
  const kinds = ['renderer', 'GPU', 'browser'];
  const before = await Promise.all(kinds.map(cpuOf));
  await page.waitForTimeout(cpuSeconds * 1000);
  const after = await Promise.all(kinds.map(cpuOf));
  const shares = after.map((kind, at) => Math.max(...[...kind].map(([id, seconds]) => ((seconds - (before[at].get(id) ?? 0)) / cpuSeconds) * 100)));
  tell('dashboard, idle: page, of one core', shares[0], '%', 1);
  tell('dashboard, idle: drawing (GPU process, here in software)', shares[1], '%');
  tell('dashboard, idle: rest of the browser', shares[2], '%');
  await page.context().close();
}

const all = { start: measureStart, transcript: measureTranscript, dashboard: measureDashboard };
const wanted = process.argv.slice(2);
for (const [name, measure] of Object.entries(all)) if (!wanted.length || wanted.includes(name)) await measure();
await browser.close();
process.exitCode = isTooMuch ? 1 : 0;
