use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

struct ReadyQueue {
    woken: Vec<usize>,
    parent: Option<Waker>,
}

struct ChildWaker {
    index: usize,
    queue: Arc<Mutex<ReadyQueue>>,
}

impl Wake for ChildWaker {
    fn wake(self: Arc<Self>) {
        let mut queue = self.queue.lock().unwrap();
        queue.woken.push(self.index); // <- hot 13
        if let Some(parent) = queue.parent.take() {
            parent.wake(); // <- hot 11
        }
    }
}

struct Slot<F: Future> {
    fut: Option<Pin<Box<F>>>,
    out: Option<F::Output>,
    waker: Waker,
}

pub struct JoinAll<F: Future> {
    slots: Vec<Slot<F>>,
    pending: usize,
    queue: Arc<Mutex<ReadyQueue>>,
}

impl<F: Future> Unpin for JoinAll<F> {}

pub fn join_all<I>(iter: I) -> JoinAll<I::Item>
where
    I: IntoIterator,
    I::Item: Future,
{
    let queue = Arc::new(Mutex::new(ReadyQueue { woken: Vec::new(), parent: None }));
    let mut slots = Vec::new();
    for (index, f) in iter.into_iter().enumerate() {
        let waker = Waker::from(Arc::new(ChildWaker { index, queue: queue.clone() }));
        slots.push(Slot { fut: Some(Box::pin(f)), out: None, waker }); // <- hot 15
    }
    queue.lock().unwrap().woken = (0..slots.len()).collect();
    JoinAll { pending: slots.len(), slots, queue }
}

impl<F: Future> Future for JoinAll<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let woken = {
            let mut queue = this.queue.lock().unwrap();
            queue.parent = Some(cx.waker().clone());
            mem::take(&mut queue.woken)
        };
        for index in woken {
            let slot = &mut this.slots[index];
            let Some(fut) = slot.fut.as_mut() else { continue };
            if let Poll::Ready(out) = fut.as_mut().poll(&mut Context::from_waker(&slot.waker)) { // <- hot 48
                slot.out = Some(out);
                slot.fut = None;
                this.pending -= 1;
            }
        }
        if this.pending > 0 {
            return Poll::Pending;
        }
        Poll::Ready(mem::take(&mut this.slots).into_iter().filter_map(|s| s.out).collect())
    }
}

pub async fn fetch_shards<F, T>(requests: Vec<F>) -> Vec<T>
where
    F: Future<Output = Option<T>>,
{
    join_all(requests).await.into_iter().flatten().collect()
}
