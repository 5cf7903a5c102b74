use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

pub struct Slot<T> {
    value: Option<T>,
    waker: Option<Waker>,
    closed: bool,
}
struct Idle<T> {
    since: Instant,
    value: T,
}

struct Inner<K, T> {
    idle: HashMap<K, Vec<Idle<T>>>,
    waiters: HashMap<K, VecDeque<Arc<Mutex<Slot<T>>>>>, // <- cost
    max_idle: usize,
    timeout: Duration,
}

pub struct Pool<K, T> {
    inner: Arc<Mutex<Inner<K, T>>>,
}

pub struct Checkout<K, T> {
    key: K,
    pool: Arc<Mutex<Inner<K, T>>>,
    waiter: Option<Arc<Mutex<Slot<T>>>>,
}

impl<K: Hash + Eq + Clone, T> Pool<K, T> {
    pub fn new(max_idle: usize, timeout: Duration) -> Self {
        let inner = Inner { idle: HashMap::new(), waiters: HashMap::new(), max_idle, timeout };
        Pool { inner: Arc::new(Mutex::new(inner)) }
    }

    pub fn checkout(&self, key: K) -> Checkout<K, T> {
        Checkout { key, pool: self.inner.clone(), waiter: None }
    }

    pub fn put(&self, key: K, value: T) {
        let mut inner = self.inner.lock().unwrap();
        let mut value = Some(value);
        if let Some(queue) = inner.waiters.get_mut(&key) {
            while let Some(waiter) = queue.pop_front() {
                let mut slot = waiter.lock().unwrap();
                if slot.closed {
                    continue;
                }
                slot.value = value.take();
                if let Some(waker) = slot.waker.take() {
                    waker.wake();
                }
                break;
            }
        }
        if let Some(value) = value {
            let max = inner.max_idle;
            let list = inner.idle.entry(key).or_default();
            list.push(Idle { since: Instant::now(), value });
            if list.len() > max {
                list.remove(0);
            }
        }
    }

    pub fn clear_expired(&self) {
        let mut inner = self.inner.lock().unwrap();
        let timeout = inner.timeout;
        inner.idle.retain(|_, list| {
            list.retain(|i| i.since.elapsed() < timeout);
            !list.is_empty()
        });
    }
}

impl<K: Hash + Eq + Clone + Unpin, T> Future for Checkout<K, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = &mut *self;
        if let Some(waiter) = &this.waiter {
            let mut slot = waiter.lock().unwrap();
            slot.waker = Some(cx.waker().clone());
            return slot.value.take().map_or(Poll::Pending, Poll::Ready);
        }
        let mut inner = this.pool.lock().unwrap();
        if let Some(entry) = inner.idle.get_mut(&this.key).and_then(|l| l.pop()) {
            return Poll::Ready(entry.value);
        }
        let slot = Slot { value: None, waker: Some(cx.waker().clone()), closed: false };
        let waiter = Arc::new(Mutex::new(slot)); // <- made 80
        inner.waiters.entry(this.key.clone()).or_default().push_back(waiter.clone()); // <- made 20 <- cost
        this.waiter = Some(waiter);
        Poll::Pending
    }
}

impl<K, T> Drop for Checkout<K, T> {
    fn drop(&mut self) {
        if let Some(waiter) = self.waiter.take() {
            waiter.lock().unwrap().closed = true; // <- cost
        }
    }
}
