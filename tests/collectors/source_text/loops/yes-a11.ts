interface User { id: string; displayName: string; avatar?: string }
interface Comment { id: string; authorId: string; body: string; createdAt: number }

export function toThread(comments: Comment[], users: User[]) {
  return comments
    .filter((c) => c.body.trim().length > 0)
    .map((c) => { // <- outer
      const author = users.find((u) => u.id === c.authorId); // <- 0
      return {
        id: c.id,
        text: c.body,
        name: author?.displayName ?? 'deleted',
        avatar: author?.avatar ?? '/img/blank.png',
      };
    })
    .reverse();
}
