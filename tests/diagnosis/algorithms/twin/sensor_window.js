import mqtt from 'mqtt';

const WINDOW = 36_000;

class Channel {
  constructor(name) {
    this.name = name;
    this.samples = [];
    this.filled = 0;
    this.sum = 0;
    this.squares = 0;
  }

  add(value) {
    const slot = this.filled % WINDOW;
    if (this.filled >= WINDOW) {
      const old = this.samples[slot]; // <- hot 10
      this.sum -= old;
      this.squares -= old * old;
    }
    this.samples[slot] = value; // <- hot 12
    this.sum += value;
    this.squares += value * value;
    this.filled++;
  }

  get mean() {
    return this.sum / this.samples.length;
  }

  get deviation() {
    const mean = this.mean;
    return Math.sqrt(Math.max(0, this.squares / this.samples.length - mean * mean)); // <- hot 18
  }

  isOutlier(value) {
    if (this.samples.length < 600) return false;
    return Math.abs(value - this.mean) > 4 * this.deviation; // <- hot 22
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
