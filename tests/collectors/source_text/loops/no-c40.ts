interface Endpoint { url: string; region: string; failures: number }

const MAX_TRIES = 5;
const sleep = (ms: number) => new Promise<void>((r) => setTimeout(r, ms));

export class Uploader {
  constructor(private endpoints: [Endpoint, Endpoint, Endpoint], private region: string) {}

  private choose(): Endpoint {
    let best = this.endpoints[0];
    for (const e of this.endpoints) {
      if (e.failures < best.failures || (e.failures === best.failures && e.region === this.region)) { // <- 0
        best = e;
      }
    }
    return best;
  }

  private async send(chunk: Uint8Array): Promise<void> {
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const target = this.choose(); // <- 1
      const res = await fetch(target.url, { method: 'PUT', body: chunk });
      if (res.ok) return;
      target.failures++;
      await sleep(100 * 2 ** attempt);
    }
    throw new Error('upload failed');
  }

  async upload(chunks: Uint8Array[]): Promise<void> {
    for (const chunk of chunks) {
      await this.send(chunk); // <- 2
    }
  }
}
