import { WebSocket } from "ws";

interface Message {
  seq: number;
  room: string;
  from: string;
  text: string;
}

class Room {
  readonly messages: Message[] = [];
  readonly unread = new Map<string, number>();
  readonly sockets = new Map<string, WebSocket>();

  constructor(readonly name: string) {}

  bumpUnread(user: string): number {
    const count = (this.unread.get(user) ?? 0) + 1; // <- hot 7
    this.unread.set(user, count);
    return count;
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
      socket.send(JSON.stringify({ ...message, unread: room.bumpUnread(user) })); // <- hot 78
    }
  }

  markRead(roomName: string, user: string): void {
    this.room(roomName).unread.set(user, 0);
  }
}
