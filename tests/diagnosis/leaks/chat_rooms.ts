import { randomUUID } from 'crypto';

interface Socket {
  id: string;
  send(data: string): void;
  on(event: string, fn: (data: string) => void): void;
}

interface Message {
  id: string;
  from: string;
  text: string;
  at: number;
}

class Room {
  readonly members = new Set<Socket>();
  readonly typing = new Map<string, number>();
  private backlog: Message[] = [];

  constructor(readonly name: string) {}

  say(from: string, text: string): Message {
    const message: Message = { id: randomUUID(), from, text, at: Date.now() }; // <- made 85
    this.backlog.push(message);
    if (this.backlog.length > 50) this.backlog.shift();
    this.typing.delete(from);
    return message;
  }

  recent(): Message[] {
    return this.backlog.slice(-20);
  }
}

export class ChatServer {
  private rooms = new Map<string, Room>(); // <- cost
  private joined = new Map<string, Set<string>>();

  connect(socket: Socket): void {
    this.joined.set(socket.id, new Set());
    socket.on('message', (raw) => this.receive(socket, raw));
    socket.on('close', () => this.disconnect(socket));
  }

  private receive(socket: Socket, raw: string): void {
    const msg = JSON.parse(raw);
    switch (msg.type) {
      case 'join': {
        const room = this.room(msg.room);
        room.members.add(socket);
        this.joined.get(socket.id)!.add(room.name);
        for (const m of room.recent()) socket.send(JSON.stringify(m));
        break;
      }
      case 'leave':
        this.leave(socket, msg.room);
        break;
      case 'typing':
        this.room(msg.room).typing.set(socket.id, Date.now());
        break;
      case 'say': {
        const room = this.room(msg.room);
        const frame = JSON.stringify(room.say(socket.id, msg.text));
        for (const member of room.members) member.send(frame);
        break;
      }
    }
  }

  private room(name: string): Room {
    let room = this.rooms.get(name);
    if (!room) {
      room = new Room(name); // <- made 15
      this.rooms.set(name, room); // <- cost
    }
    return room;
  }

  private leave(socket: Socket, name: string): void {
    const room = this.rooms.get(name);
    if (!room) return;
    room.members.delete(socket); // <- cost
    room.typing.delete(socket.id);
    this.joined.get(socket.id)?.delete(name);
  }

  private disconnect(socket: Socket): void {
    for (const name of [...(this.joined.get(socket.id) ?? [])]) this.leave(socket, name);
    this.joined.delete(socket.id);
  }
}
