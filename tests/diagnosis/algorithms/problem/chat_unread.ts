import { WebSocket } from "ws";

interface Message {
  seq: number;
  room: string;
  from: string;
  text: string;
}

class Room {
  readonly messages: Message[] = [];
  readonly lastRead = new Map<string, number>();
  readonly sockets = new Map<string, WebSocket>();

  constructor(readonly name: string) {}

  unreadFor(user: string): number {
    const since = this.lastRead.get(user) ?? 0;
    return this.messages.filter((m) => m.seq > since && m.from !== user).length; // <- cost hot 82
  }
}

export class ChatHub {
  private readonly rooms = new Map<string, Room>();
  private seq = 0;

  room(name: string): Room {
    let room = this.rooms.get(name);
    if (!room) {
      room = new Room(name);
      this.rooms.set(name, room);
    }
    return room;
  }

  post(roomName: string, from: string, text: string): void {
    const room = this.room(roomName);
    const message: Message = { seq: ++this.seq, room: roomName, from, text };
    room.messages.push(message);
    for (const [user, socket] of room.sockets) {
      if (user === from) continue;
      socket.send(JSON.stringify({ ...message, unread: room.unreadFor(user) })); // <- hot 9
    }
  }

  markRead(roomName: string, user: string): void {
    this.room(roomName).lastRead.set(user, this.seq);
  }
}
