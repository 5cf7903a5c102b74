#include <cstdint>
#include <list>
#include <mutex>

using ulint = unsigned long;

struct page_t {
  uint64_t id;
  uint64_t oldest_lsn;
  ulint fix_count;
  bool io_pending;
  bool dirty;
};

class pool_t {
 public:
  using lru_t = std::list<page_t *>;

  void add_young(page_t *page) { m_lru.push_front(page); }

  /** Writes out up to `max` dirty pages from the cold end of the LRU list.
  @return number of pages handed to the writer threads */
  ulint flush_batch(ulint max);

  void io_complete(page_t *page) {
    page->io_pending = false;
    page->dirty = false;
  }

 private:
  static bool ready_for_flush(const page_t *page) {
    return page->dirty && !page->io_pending && page->fix_count == 0; // <- hot 39
  }

  void submit(page_t *page) {
    page->io_pending = true;
    m_mutex.unlock();
    m_doublewrite ^= page->id * 0x9e3779b97f4a7c15ULL;
    ++m_submitted;
    m_mutex.lock();
  }

  std::mutex m_mutex;
  lru_t m_lru;
  uint64_t m_doublewrite = 0;
  ulint m_submitted = 0;
};

ulint pool_t::flush_batch(ulint max) {
  ulint count = 0;
  std::lock_guard<std::mutex> guard(m_mutex);

  auto it = m_lru.rbegin();
  while (count < max && it != m_lru.rend()) {  // <- hot 15
    page_t *page = *it;

    if (!ready_for_flush(page)) {
      ++it;  // <- hot 37
      continue;
    }

    /* The mutex is released while the page is submitted, and the list
    may look different afterwards. */
    submit(page);
    ++count;
    it = m_lru.rbegin();  // <- cost
  }
  return count;
}
