interface Ticket { id: number; projectId: string; state: 'open' | 'done'; points: number }
interface Project { id: string; title: string }

export function summarize(projects: Project[], tickets: Ticket[]) {
  return projects
    .map((project) => { // <- outer
      const own = tickets.filter((t) => t.projectId === project.id); // <- 0
      const done = own.reduce((n, t) => n + (t.state === 'done' ? t.points : 0), 0);
      const total = own.reduce((n, t) => n + t.points, 0);
      return {
        title: project.title,
        total,
        progress: total === 0 ? 0 : Math.round((100 * done) / total),
      };
    })
    .sort((a, b) => b.progress - a.progress);
}
