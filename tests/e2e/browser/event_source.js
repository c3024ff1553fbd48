// Follows the event stream in a real browser until the job that the page's URL names has ended, or
// for as long as events still come; prints what its EventSource got as JSON lines, as they come.
//   node event_source.js SERVER_URL COUNT
import { chromium } from 'playwright-core';

const [url, count] = [process.argv[2], Number(process.argv[3])];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
const page = await (await browser.newContext({ bypassCSP: true })).newPage();
const lines = [];
await page.exposeFunction('got', (line) => {
  lines.push(line);
  console.log(line);
});
await page.goto(url);
await page.evaluate(() => {
  const source = new EventSource('/api/events');
  source.onopen = () => window.got(JSON.stringify({ type: 'open' }));
  for (const type of ['job', 'progress', 'segment', 'reset']) {
    source.addEventListener(type, (event) => window.got(JSON.stringify({ type, id: Number(event.lastEventId), data: JSON.parse(event.data) })));
  }
});
const ended = () => lines.filter((line) => /"type":"job".*"state":"completed"/.test(line)).length;
const until = Date.now() + 120_000;
while (ended() < count && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
await browser.close();
process.exit(ended() >= count ? 0 : 1);
