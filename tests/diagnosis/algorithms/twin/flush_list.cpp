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

  /** Takes a page off the list; moves the hazard pointer if it is on it. */
  void remove(lru_t::iterator it) {
    std::lock_guard<std::mutex> guard(m_mutex);
    if (m_hp_set && m_hp == it) {
      m_hp_set = it != m_lru.begin();
      if (m_hp_set) --m_hp;
    }
    m_lru.erase(it);
  }

  ulint flush_batch(ulint max);

  void io_complete(page_t *page) {
    page->io_pending = false;
    page->dirty = false;
  }

 private:
  static bool ready_for_flush(const page_t *page) {
    return page->dirty && !page->io_pending && page->fix_count == 0;  // <- hot 29
  }

  void submit(page_t *page) {
    page->io_pending = true;
    m_mutex.unlock();  // <- hot 15
    m_doublewrite ^= page->id * 0x9e3779b97f4a7c15ULL;
    ++m_submitted;
    m_mutex.lock();  // <- hot 22
  }

  std::mutex m_mutex;
  lru_t m_lru;
  lru_t::iterator m_hp;
  bool m_hp_set = false;
  uint64_t m_doublewrite = 0;
  ulint m_submitted = 0;
};

ulint pool_t::flush_batch(ulint max) {
  ulint count = 0;
  std::lock_guard<std::mutex> guard(m_mutex);

  m_hp_set = !m_lru.empty();
  if (m_hp_set) m_hp = std::prev(m_lru.end());

  while (count < max && m_hp_set) {
    page_t *page = *m_hp;  // <- hot 24

    m_hp_set = m_hp != m_lru.begin();
    if (m_hp_set) --m_hp;

    if (ready_for_flush(page)) {
      submit(page);
      ++count;
    }
  }
  return count;
}
