import mqtt from 'mqtt';

const WINDOW = 36_000;

class Channel {
  constructor(name) {
    this.name = name;
    this.samples = [];
    this.filled = 0;
  }

  add(value) {
    const slot = this.filled % WINDOW;
    this.samples[slot] = value;
    this.filled++;
  }

  get mean() {
    return this.samples.reduce((a, b) => a + b, 0) / this.samples.length; // <- cost hot 30
  }

  get deviation() {
    const mean = this.mean;
    const spread = this.samples.reduce((acc, v) => acc + (v - mean) ** 2, 0); // <- cost hot 36
    return Math.sqrt(spread / this.samples.length);
  }

  isOutlier(value) {
    if (this.samples.length < 600) return false;
    return Math.abs(value - this.mean) > 4 * this.deviation; // <- cost hot 30
  }
}

export class Monitor {
  constructor(notify) {
    this.channels = new Map();
    this.notify = notify;
  }

  channel(name) {
    if (!this.channels.has(name)) this.channels.set(name, new Channel(name));
    return this.channels.get(name);
  }

  feed(name, value) {
    const channel = this.channel(name);
    if (channel.isOutlier(value)) this.notify(name, value);
    channel.add(value);
  }
}

export function connect(url, notify) {
  const monitor = new Monitor(notify);
  const client = mqtt.connect(url);
  client.on('connect', () => client.subscribe('plant/+/+'));
  client.on('message', (topic, payload) => monitor.feed(topic, Number(payload)));
  return client;
}
