"""What does a library do for the line that called it? Told by the functions that lie below the line, in any language.

The function that is nearest to the line and says anything decides: it is what the line asked for, whatever that went on
to do (``memmove`` below ``list_pop`` shifts a list, below ``PyUnicode_Concat`` it copies a text).
"""

import re
from enum import Enum, auto
from functools import lru_cache

from perfdoctor.schemas.frame import Frame, Stack


class Operation(Enum):
    SEARCH = auto()
    """walking a sequence to find something in it, or comparing with one name after the other"""
    MEASURE = auto()
    """walking a text to find out how long it is"""
    SHIFT = auto()
    """moving the rest of a sequence to insert or remove at its head or in its midst"""
    SORT = auto()
    COPY = auto()
    """making a new sequence or object out of an old one"""
    CONCATENATE = auto()
    """making a new text or buffer out of two"""
    REGEX = auto()
    """matching by a regular expression"""
    CLOCK = auto()
    """asking for the time"""
    ASK = auto()
    """asking whether something has happened yet, without waiting for it"""
    COLLECT = auto()
    """collecting garbage"""
    KEEP = auto()
    """what such work should be: looking up by hash or tree, adding at the end"""


_CPYTHON = (
    (Operation.COLLECT, r"_?PyGC_Collect|gc_collect"),
    (Operation.CONCATENATE, r"PyUnicode_(?:Concat|Append)$|unicode_concatenate|unicode_concat$|PyBytes_Concat|"
                            r"bytes_concat|bytearray_concat$"),
    (Operation.SEARCH, r"(?:list|tuple_?|deque_)_?(?:contains|index|count)(?:_impl)?$|list_remove|deque_remove$|"
                       r"_PySequence_IterSearch|PySequence_(?:Index|Count)$"),
    (Operation.SHIFT, r"list_(?:pop|insert|ass_slice|ass_subscript)|ins1$|deque_(?:insert|del_item|rotate)"),
    (Operation.SORT, r"list_sort|builtin_sorted"),
    (Operation.COPY, r"list_(?:slice|concat|subscript|copy|repeat)|PyList_GetSlice|tuple_?(?:slice|concat|subscript)|"
                     r"bytes_subscript|unicode_subscript|PyUnicode_Substring$|bytearray_(?:getslice|subscript)"),
)  # fmt: skip
_V8 = (
    (Operation.KEEP, r"(?:\S+ )?v8::internal::JSArray::ArrayJoin|Builtins_ArrayPrototypeJoin|v8::String::Write|"
                     r"node::StringBytes|Builtins_(?:FindOrderedHash\w*|Map|Set|WeakMap|WeakSet)Prototype\w*|Builtins_FindOrdered"),
    (Operation.COLLECT, r"v8::internal::(?:Heap::(?:CollectGarbage|PerformGarbageCollection|Scavenge)|Scavenge|"
                        r"MarkCompact|ConcurrentMarking|Sweeper|MinorGC|IncrementalMarking)|\(garbage collector\)$"),
    (Operation.SEARCH, r"(?:v8::internal::)?Builtins?_(?:Array|TypedArray)(?:Prototype)?(?:Includes|IndexOf|"
                       r"LastIndexOf)"),
    (Operation.SHIFT, r"(?:v8::internal::)?Builtins?_Array(?:Prototype)?(?:Shift|Unshift|Splice)"),
    (Operation.SORT, r"Builtins_(?:ArrayPrototypeSort|ArrayPrototypeToSorted|ArrayTimSort|Merge(?:At|Runs|Low|High)|"
                     r"BinaryInsertionSort|Gallop|TypedArrayPrototypeSort)"),
    (Operation.COPY, r"(?:v8::internal::)?Builtins?_(?:CloneObjectIC|CloneFast|ArrayPrototype(?:Slice|Concat)$|"
                     r"Array(?:Concat|Slice)$|"
                     r"IterableToList|IterableToFixedArray|ObjectAssign|ArrayFrom$|SetOrCopyDataProperties|"
                     r"CopyDataProperties|SpreadObject)|v8::internal::Runtime_(?:CopyDataProp|CloneObjectIC)"),
    (Operation.CONCATENATE, r"v8::internal::String::(?:SlowFlatten|WriteToFlat)|"
                            r"void v8::internal::String::WriteToFlat"),
    (Operation.REGEX, r"Builtins_RegExp(?:Replace|PrototypeExec|PrototypeTest|Match|Split|ExecInternal|InternalMatch)"),
    (Operation.ASK, r"Builtins_Atomics(?:Load|CompareExchange)"),
    (Operation.CLOCK, r"v8::internal::(?:JSDate::CurrentTimeValue|Runtime_DateCurrentTime)|Builtins_DateNow|"
                      r"node::performance::|node::(?:process::)?(?:BindingData::)?(?:Fast|Slow)?(?:Hrtime|BigInt)"),
)  # fmt: skip
_LISTS = r"java\.util\.(?:\w+List|Vector|Arrays\$ArrayList|concurrent\.CopyOnWriteArrayList|ImmutableCollections\$\w+)"
_QUEUES = r"java\.util\.(?:ArrayDeque|PriorityQueue|concurrent\.\w+(?:Queue|Deque))"
_JAVA = (
    (Operation.KEEP, r"java\.util\.(?:\w*Hash\w+|TreeMap|TreeSet|concurrent\.Concurrent\w+Map)\.|"
                     r"java\.util\.ArrayList\.(?:grow|ensureCapacity)|java\.lang\.(?:AbstractString|String)Buil\w+\.append"),
    (Operation.CONCATENATE, r"java\.lang\.StringConcatHelper\.|java\.lang\.String\.concat$|"
                            r"java\.lang\.(?:AbstractString|String)Buil\w+\.(?:insert|deleteCharAt|shift)$"),
    (Operation.SEARCH, rf"{_LISTS}\.(?:contains|indexOf\w*|lastIndexOf\w*|node|containsAll)$|"
                       rf"{_QUEUES}\.(?:contains|indexOf)$|java\.util\.AbstractCollection\.(?:contains|removeAll)$"),
    (Operation.SHIFT, r"java\.util\.(?:ArrayList|Vector)\.(?:fastRemove|remove\w*)$"),
    (Operation.SORT, r"java\.util\.(?:TimSort|ComparableTimSort|DualPivotQuicksort)\.|"
                     r"java\.util\.(?:Arrays|Collections|ArrayList|List)\.(?:sort|parallelSort)$"),
    (Operation.COPY, rf"java\.util\.Arrays\.copyOf|{_LISTS}\.(?:toArray|addAll)$|java\.util\.List\.copyOf|"
                     r"java\.util\.concurrent\.CopyOnWrite\w+\.(?:add\w*|set|remove\w*)$"),
    (Operation.REGEX, r"java\.util\.regex\.(?:Matcher|Pattern\$)"),
    (Operation.CLOCK, r"java\.lang\.System\.(?:nanoTime|currentTimeMillis)|java\.time\.(?:Instant|Clock)\S*\.now"),
    (Operation.ASK, r"java\.lang\.Thread\.(?:onSpinWait|yield\w*|isAlive|isInterrupted|interrupted)$|"
                    r"java\.util\.concurrent\.\S+\.(?:isEmpty|isDone|poll|peek|tryLock|tryAcquire|get(?:Acquire|Opaque)?)$"),
)  # fmt: skip
_GO = (
    (Operation.KEEP, r"runtime\.(?:map(?:access|assign|iter|delete)|growslice|aeshash|memhash|strhash)|"
                     r"strings\.\(\*Builder\)|bytes\.\(\*Buffer\)"),
    (Operation.COLLECT, r"runtime\.(?:gcBgMarkWorker|gcAssist|gcDrain|gcStart|gcMark|gcSweep|bgsweep|bgscavenge|"
                        r"deductSweepCredit|deductAssistCredit|scanobject|markroot|sweepone|wbBufFlush)"),
    (Operation.CONCATENATE, r"runtime\.concatstrings?\d?$"),
    (Operation.SEARCH, r"(?:slices|golang\.org/x/exp/slices)\.(?:Contains|Index)|runtime\.memequal|memeqbody$|cmpbody$|"
                       r"runtime\.cmpstring|container/list\."),
    (Operation.SORT, r"(?:sort|slices|golang\.org/x/exp/slices)\.(?:\w*[sS]ort|Sort|Slice|Stable|heapSort|pdqsort|"
                     r"siftDown|"
                     r"partition|insertion|medi|choosePivot)"),
    (Operation.REGEX, r"regexp\.\(\*(?:Regexp|machine|bitState|onePass\w*)\)"),
    (Operation.CLOCK, r"time\.(?:now|Now|Since|Until|runtimeNano)$|runtime\.(?:nanotime|walltime|vdsoClock)"),
    (Operation.ASK, r"runtime\.(?:selectnb(?:recv|send)|chanrecv|Gosched|goyield)|sync/atomic\."),
)  # fmt: skip
_COMPARES = r"_*(?:strn?(?:case)?cmp|strcoll|wcsn?(?:case)?cmp|wmemcmp|memcmp|memcmpeq|bcmp)(?:_\w+)?$"
_TEXT = r"std::(?:__cxx11::|__1::)?basic_string<"
_STD = r"(?:.*\s)?(?:std::)?(?:__)?"
"""(what was inlined has its name without the namespace)"""
_NODES = r"std::(?:__1::)?_*(?:Rb_tree|List|Fwd_list|tree|list|forward_list)_(?:const_)?iterator"
"""iterators that can only go from one element to the next"""
_FINDS = r"(?:find|find_if|find_if_not|count|count_if|search|find_first_of)"
_SORTS = (
    r"(?:introsort|insertion_sort|unguarded_linear|adjust_heap|heap_select|merge|sort|stable_sort|partial_sort|move_merge|"
    r"final_insertion|unguarded_partition|inplace_stable)\w*"
)
_NATIVE = (
    (Operation.KEEP, rf"{_STD}(?:next|prev)<{_NODES}"),
    (Operation.SEARCH, rf"{_STD}(?:advance|distance|lower_bound|upper_bound|equal_range|binary_search)<{_NODES}"),
    (Operation.KEEP, r"(?:.*\s)?std::(?:__detail::|_Hashtable<|unordered_|_Rb_tree<|map<|set<|__tree<|__hash)|"
                     r".*::_M_realloc_(?:insert|append)|.*hashbrown::|bsearch$|hsearch|tsearch|tfind"),
    (Operation.SORT, rf"(?:.*\s)?std::(?:__)?{_SORTS}|(?:.*\s)?(?:__)?{_SORTS}<|"
                     r"(?:__)?qsort(?:_r)?$|msort_with_tmp|_quicksort$|core::slice::sort|alloc::slice::\S*(?:merge_)?sort"),
    (Operation.SEARCH, rf"(?:.*\s)?std::(?:__)?{_FINDS}\(|{_STD}{_FINDS}<|"
                       rf"{_COMPARES}|core::slice::cmp|<?core::slice::.*::contains"),
    (Operation.MEASURE, r"_*(?:strn?len|wcsn?len)(?:_\w+)?$"),
    (Operation.SHIFT, r"(?:.*\s)?std::(?:__1::)?vector<.*>::(?:_M_)?(?:erase|insert\w*|range_insert|fill_insert)\(|"
                      rf"(?:.*\s)?{_TEXT}.*>::(?:_M_)?(?:erase|insert)\(|alloc::vec::Vec<.*>::(?:remove|insert)$"),
    (Operation.CONCATENATE, rf"_*strn?cat(?:_\w+)?$|(?:.*\s)?{_TEXT}.* std::operator\+|(?:.*\s)?std::operator\+"),
    (Operation.COPY, r"(?:.*\s)?std::(?:__cxx11::|__1::)?(vector|basic_string|deque|list|"
                     r"map)<.*>::\1\(std::.* const&\)|"
                     r"(?:.*\s)?std::(?:__cxx11::|__1::)?(?:vector|basic_string|deque|list|"
                     r"map)<.*>::operator=\(std::.* const&|"
                     r".*as core::clone::Clone>::clone|alloc::slice::.*to_vec"),
    (Operation.REGEX, r"(?:re_search|re_match|regexec)|(?:.*\s)?std::__detail::_Executor|pcre2?_(?:exec|match|"
                      r"jit_match)|"
                      r"regex_automata::"),
    (Operation.CLOCK, r"\[vdso\]|_*clock_gettime|gettimeofday|std::chrono::.*::now|std::time::|time$"),
    (Operation.ASK, r"std::sync::\S*(?:Receiver|SyncSender|Mutex|RwLock|Barrier)<.*>::try_\w+|std::thread::yield_now|"
                    r"core::hint::spin_loop|(?:crossbeam_\w+|parking_lot|lock_api|tokio::sync|flume)::.*::try_\w+|"
                    r"crossbeam_queue::.*::pop$|(?:.*\s)?std::this_thread::yield|(?:.*\s)?std::\w*mutex::try_lock|"
                    r"(?:.*\s)?std::(?:__basic_future|future|shared_future)<.*>::wait_(?:for|until)|"
                    r"(?:.*\s)?std::\w*semaphore\S*::try_acquire|(?:.*\s)?(?:boost::lockfree|moodycamel)::.*::(?:pop|try_dequeue)\(|"
                    r"(?:.*\s)?tbb::.*::try_pop\(|_*pthread_\w+_try\w*lock|sem_trywait|_*sched_yield$|_*pthread_yield$"),
)  # fmt: skip
_TELLING = tuple(
    (operation, re.compile(names)) for table in (_CPYTHON, _V8, _JAVA, _GO, _NATIVE) for operation, names in table
)


def operation_of(below: Stack) -> Operation | None:
    """What the frames below a line (innermost first) do for it; None where none of them says."""
    for frame in reversed(below):
        if (found := _of_function(frame.function)) is not None:
            return found
    return None


def telling_frame(below: Stack) -> Frame | None:
    """The frame that ``operation_of`` went by."""
    return next((frame for frame in reversed(below) if _of_function(frame.function) is not None), None)


@lru_cache(maxsize=65536)
def _of_function(function: str) -> Operation | None:
    return next((operation for operation, names in _TELLING if names.match(function)), None)
