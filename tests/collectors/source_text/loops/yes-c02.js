export class ChatRoom {
  constructor(socket) {
    this.socket = socket;
    this.members = [];
    this.backlog = [];
  }

  join(member) {
    this.members.push(member);
  }

  authorOf(message) {
    return this.members.find((m) => m.id === message.authorId); // <- 0
  }

  render() {
    const out = [];
    for (const message of this.backlog) { // <- outer
      const author = this.authorOf(message); // <- 1
      out.push({
        text: message.text,
        at: new Date(message.ts).toISOString(),
        name: author ? author.nick : 'deleted user',
        color: author ? author.color : '#888',
      });
    }
    this.socket.emit('history', out);
  }
}
