// How long frames of a page take.

// Times between frames in ms, sorted, while each frame scrolls the page by so many pixels.
export function framesOf(page, count, step) {
  return page.evaluate(
    ([count, step]) =>
      new Promise((resolve) => {
        const times = [];
        let last = performance.now();
        const next = (now) => {
          times.push(now - last);
          last = now;
          window.scrollBy(0, step);
          if (times.length < count + 5) requestAnimationFrame(next);
          else resolve(times.slice(5).sort((a, b) => a - b)); // the first ones are still of what was before
        };
        requestAnimationFrame(next);
      }),
    [count, step],
  );
}

export function share(sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}
