/**
 * How many worker processes a registry needs: a simulation of pushes that wait for workers, as `composefs worker` takes
 * them from its queue. A push brings layers that nobody has seen, each of which is a job of its own; when the last of an image is
 * read, the image is: tree, digests, artifact. Jobs go to whoever is free, images that were pushed first first.
 *
 *     node test/bench/fleet-model.mjs [--pushes-per-hour 5000] [--images 1000000] [--layer-mb-per-s 100] [--image-seconds 0.05]
 *         [--scan-images-per-s 700] [--hours 24] [--seed 1]
 *
 * What it takes for granted, besides the options, which `npm run bench -- --only service` measures:
 *   - Pushes come at random (Poisson), and one in five with a burst of BURST that a release sets off.
 *   - A push brings 1 to 4 new layers, of 8 MB in the middle, one in a hundred above 260 MB (lognormal, sigma 1.5), and one push
 *     in twenty a new base of 200 MB.
 *   - The registry and the network give what the workers ask for.
 */
import { parseArgs } from "node:util";
import { SplitMix64 } from "../support/splitmix64.mjs";

/** Numbers between 0 and 1 that look random, neither of which is reached. */
export function uniform(seed) {
  const random = new SplitMix64(seed);
  return () => {
    random.next();
    return ((random.high >>> 0) + 0.5) / 2 ** 32;
  };
}

const exponential = (next, mean) => -mean * Math.log(next());
const normal = (next) => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());

const BURST = 50;
const BURST_PART = 0.2;
const LAYER_MEDIAN_MB = 8;
const LAYER_SIGMA = 1.5;
const NEW_LAYERS_MAX = 4;
const BASE_MB = 200;
const BASE_PART = 0.05;

/** Pushes of some hours, in order: when, in seconds, and the megabytes of each new layer. */
export function makePushes({ pushesPerHour, hours, seed }) {
  const next = uniform(seed);
  const pushes = [];
  const end = hours * 3600;
  const layers = () => {
    const count = 1 + Math.floor(next() * NEW_LAYERS_MAX);
    const sizes = Array.from({ length: count }, () => LAYER_MEDIAN_MB * Math.exp(LAYER_SIGMA * normal(next)));
    return next() < BASE_PART ? [BASE_MB, ...sizes] : sizes;
  };
  const perSecond = pushesPerHour / 3600;
  for (let at = exponential(next, 1 / (perSecond * (1 - BURST_PART))); at < end; ) {
    pushes.push({ at, layers: layers() });
    at += exponential(next, 1 / (perSecond * (1 - BURST_PART)));
  }
  for (let at = exponential(next, BURST / (perSecond * BURST_PART)); at < end; ) {
    for (let i = 0; i < BURST; i++) pushes.push({ at, layers: layers() });
    at += exponential(next, BURST / (perSecond * BURST_PART));
  }
  return pushes.sort((a, b) => a.at - b.at);
}

/** Numbers of which the smallest comes out first. */
class Heap {
  #items = [];

  get size() {
    return this.#items.length;
  }

  get first() {
    return this.#items[0];
  }

  push(item) {
    const items = this.#items;
    let i = items.push(item) - 1;
    for (; i > 0 && items[(i - 1) >> 1].key > item.key; i = (i - 1) >> 1) items[i] = items[(i - 1) >> 1];
    items[i] = item;
  }

  pop() {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (items.length === 0) return first;
    let i = 0;
    for (let child = 1; child < items.length; child = 2 * i + 1) {
      if (child + 1 < items.length && items[child + 1].key < items[child].key) child++;
      if (items[child].key >= last.key) break;
      items[i] = items[child];
      i = child;
    }
    items[i] = last;
    return first;
  }
}

/**
 * Seconds from each push to its artifact.
 *
 * @param pushes in order: when, and the seconds of each of its layers
 * @param imageSeconds of one worker for what comes after the layers
 */
export function simulate(pushes, workers, imageSeconds) {
  const waits = new Float64Array(pushes.length);
  const left = pushes.map(({ layers }) => layers.length);
  /** Jobs that wait, by the push that they are of; jobs that run, by their end. */
  const waiting = new Heap();
  const running = new Heap();
  let busySeconds = 0;
  let now = 0;
  const begin = () => {
    while (running.size < workers && waiting.size > 0) {
      const { key: push, seconds, isImage } = waiting.pop();
      busySeconds += seconds;
      running.push({ key: now + seconds, push, isImage });
    }
  };
  for (let arrived = 0; arrived < pushes.length || running.size > 0; begin()) {
    const isArrival = arrived < pushes.length && !(running.first?.key < pushes[arrived].at);
    if (isArrival) {
      now = pushes[arrived].at;
      for (const seconds of pushes[arrived].layers) waiting.push({ key: arrived, seconds, isImage: false });
      arrived++;
      continue;
    }
    const { key, push, isImage } = running.pop();
    now = key;
    if (isImage) waits[push] = now - pushes[push].at;
    else if (--left[push] === 0) waiting.push({ key: push, seconds: imageSeconds, isImage: true });
  }
  return { waits, busySeconds };
}

const quantile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];

/** The load and what people wait, for a number of workers. */
export function assess(pushes, { workers, layerMbPerSecond, imageSeconds, hours }) {
  const timed = pushes.map(({ at, layers }) => ({ at, layers: layers.map((mb) => mb / layerMbPerSecond) }));
  const { waits, busySeconds } = simulate(timed, workers, imageSeconds);
  const sorted = waits.sort((a, b) => a - b);
  return {
    load: busySeconds / (workers * hours * 3600),
    medianSeconds: quantile(sorted, 0.5),
    p99Seconds: quantile(sorted, 0.99),
    maxSeconds: sorted.at(-1),
  };
}

const LOAD_MAX = 0.95;

function main() {
  const number = (text) => ({ type: "string", default: String(text) });
  const { values } = parseArgs({
    options: {
      "pushes-per-hour": number(5000),
      images: number(1_000_000),
      "layer-mb-per-s": number(100),
      "image-seconds": number(0.05),
      "scan-images-per-s": number(700),
      hours: number(24),
      seed: number(1),
    },
  });
  const given = Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)]));
  const { hours, seed, images } = given;
  const pushes = makePushes({ pushesPerHour: given["pushes-per-hour"], hours, seed });
  const megabytes = pushes.reduce((sum, { layers }) => sum + layers.reduce((all, mb) => all + mb, 0), 0);
  const perPush = megabytes / pushes.length;
  const speed = given["layer-mb-per-s"];
  const seconds = perPush / speed + given["image-seconds"];
  console.log(
    `${pushes.length} pushes in ${hours} h, ${perPush.toFixed(1)} MB of new layers each, ${seconds.toFixed(2)} s of a worker`,
  );
  console.log("workers  load  median      99 %       max   first pass over all images");
  for (let workers = 1; workers <= 64; workers = workers < 8 ? workers + 1 : workers * 2) {
    const parameters = { workers, layerMbPerSecond: speed, imageSeconds: given["image-seconds"], hours };
    const { load, medianSeconds, p99Seconds, maxSeconds } = assess(pushes, parameters);
    if (load > LOAD_MAX) {
      console.log(`${String(workers).padStart(7)}  too few: more comes than they do`);
      continue;
    }
    const cells = [medianSeconds, p99Seconds, maxSeconds].map((value) => `${value.toFixed(1)} s`.padStart(8));
    const days = (images * seconds) / workers / (1 - load) / 86_400;
    console.log(
      `${String(workers).padStart(7)} ${`${Math.round(load * 100)} %`.padStart(5)} ${cells.join("  ")}   ${days.toFixed(1)} days`,
    );
  }
  const scanHours = images / given["scan-images-per-s"] / 3600;
  console.log(`a scan of all images: ${scanHours.toFixed(1)} h of one process, 2 requests each`);
}

if (process.argv[1] === import.meta.filename) main();
