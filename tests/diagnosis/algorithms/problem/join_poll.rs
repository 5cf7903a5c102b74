use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

enum Slot<F: Future> {
    Pending(Pin<Box<F>>),
    Done(F::Output),
    Taken,
}

pub struct JoinAll<F: Future> {
    slots: Vec<Slot<F>>,
}

impl<F: Future> Unpin for JoinAll<F> {}

pub fn join_all<I>(iter: I) -> JoinAll<I::Item>
where
    I: IntoIterator,
    I::Item: Future,
{
    JoinAll {
        slots: iter.into_iter().map(|f| Slot::Pending(Box::pin(f))).collect(),
    }
}

impl<F: Future> Future for JoinAll<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut all_done = true;

        for slot in self.slots.iter_mut() { // <- cost hot 16
            if let Slot::Pending(fut) = slot { // <- hot 12
                match fut.as_mut().poll(cx) { // <- cost hot 63
                    Poll::Ready(out) => *slot = Slot::Done(out),
                    Poll::Pending => all_done = false,
                }
            }
        }

        if !all_done {
            return Poll::Pending;
        }
        let outputs = mem::take(&mut self.slots)
            .into_iter()
            .filter_map(|slot| match mem::replace(&mut { slot }, Slot::Taken) {
                Slot::Done(out) => Some(out),
                _ => None,
            })
            .collect();
        Poll::Ready(outputs)
    }
}

pub async fn fetch_shards<F, T>(requests: Vec<F>) -> Vec<T>
where
    F: Future<Output = Option<T>>,
{
    join_all(requests).await.into_iter().flatten().collect()
}
