type Msg = { id: number; replyTo?: number; author: { handle: string }; body: string };

export class Channel {
  private history: Msg[] = [];

  append(m: Msg) {
    this.history.push(m);
  }

  private replies(id: number): number {
    let n = 0;
    let i = this.history.length;
    while (i--) {
      n += this.history[i].replyTo === id ? 1 : 0; // <- 0
    }
    return n;
  }

  private view(m: Msg) {
    return { id: m.id, by: m.author?.handle ?? 'ghost', text: m.body, replies: this.replies(m.id) }; // <- 1
  }

  render() {
    return this.history.filter(m => m.replyTo == null).map(m => this.view(m)); // <- 2 outer
  }
}
