// What is around the rules on a device: where a thread finds its row of its run, and one kernel for each phase.
//
// A thread is a row of a run. Runs lie innermost, in tiles: a warp is one row of as many runs, reads whole lines of
// memory, and branches alike far more often than rows of one run would. The same file is taken by compilers of C++,
// with loops for threads: so everything but the device itself can be tested without one.

#ifdef __CUDACC__
typedef signed char int8_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;
#define INT64_C(number) number##LL
#define UINT64_C(number) number##ULL
#define INFINITY (1.0 / 0.0)
#define INLINE static __device__ __forceinline__
#define CONSTANT static __device__ const
#define FLOOR floor
#define CEIL ceil
#define SQRT __dsqrt_rn
template <class T> INLINE T READ(const T *entry) { return __ldg(entry); }
INLINE double double_of_bits(int64_t bits) { return __longlong_as_double(bits); }
INLINE int64_t bits_of_double(double x) { return __double_as_longlong(x); }
// Whole numbers: exact in any order. Levels from 0 on: their bits stand in the order of the levels.
INLINE void ADD(double *entry, double amount) { atomicAdd(entry, amount); }
INLINE void RAISE(double *entry, double level) { atomicMax((long long *)entry, __double_as_longlong(level)); }
#define PARAMETERS_ARE(count) extern "C" { __constant__ double PARAMETERS[count]; }
#define KERNEL(name, threads) extern "C" __global__ void __launch_bounds__(threads) name(const Task t)
#define HERE ((uint64_t)blockIdx.x * blockDim.x + threadIdx.x)
#else
#include <math.h>
#include <stdint.h>
#include <string.h>
#define INLINE static inline
#define CONSTANT static const
#define FLOOR __builtin_floor
#define CEIL __builtin_ceil
#define SQRT __builtin_sqrt
template <class T> INLINE T READ(const T *entry) { return *entry; }
INLINE double double_of_bits(int64_t bits) { double x; memcpy(&x, &bits, sizeof x); return x; }
INLINE int64_t bits_of_double(double x) { int64_t bits; memcpy(&bits, &x, sizeof bits); return bits; }
INLINE void ADD(double *entry, double amount) { *entry += amount; }
INLINE void RAISE(double *entry, double level) { *entry = level > *entry ? level : *entry; }
#define PARAMETERS_ARE(count) extern "C" double PARAMETERS[count]; double PARAMETERS[count]
static uint64_t here_now;
extern "C" uint64_t ORDER;
uint64_t ORDER = 0; // 0: threads in their order; else in another one, which follows from this number
template <class Work> static void for_all(uint64_t threads, Work work)
{
    uint64_t stride = 1;
    for (uint64_t a = 0; ORDER != 0 && a != 1 && threads > 1;) {
        stride = (stride * 6364136223846793005u + ORDER * 2 + 1) % threads;
        a = threads;
        for (uint64_t b = stride; b != 0;) { const uint64_t rest = a % b; a = b; b = rest; }
    }
    for (uint64_t i = 0, at = threads > 0 ? ORDER % threads : 0; i < threads; i++, at = (at + stride) % threads) {
        here_now = at;
        work();
    }
}
#define KERNEL(name, threads) \
    static void name##_here(const Task &t); \
    extern "C" void name(uint64_t count, const Task *t) { for_all(count, [=] { name##_here(*t); }); } \
    static void name##_here(const Task &t)
#define HERE here_now
#endif
#ifdef __CUDACC__
#define NAN double_of_bits(0x7ff8000000000000LL)
#endif
#define ALWAYS_INLINE INLINE
#define ROWS_ARE_INDEPENDENT
INLINE int64_t remainder_of(int64_t a, int64_t b)
{
    const int64_t r = a % b;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
INLINE int64_t floor_divided(int64_t a, int64_t b) { return (a - remainder_of(a, b)) / b; }
// ---- rules
struct Task {
    Rows rows;        // the written blocks of the first tile
    Rows of_tile;     // of each written block, in place of where it lies, how many numbers a tile of it has
    Parameters p;
    Draws luck;       // of the first run
    int64_t tiles, runs, before, months, at, years, picks;
    const uint64_t *luck_of; // how many runs beyond that of `luck` each run lies
    const int64_t *pick;
    double *metrics, *accounts, *ledgers, *bodies, *series;
    double *added; // accounts, added up over all runs so far
    int8_t *stages;
    const double *start; // of a block that is put back
    double *block;
    int64_t entries;
};

// Find the row and the run of this thread; `false` if there is none.
INLINE bool found(const Task &t, int64_t rows, int64_t *row, int64_t *run, Rows *mine, Parameters *p, Draws *luck)
{
    const uint32_t here = (uint32_t)HERE, of_run = here % TILE, line = here / TILE;
    const uint32_t tile = line / (uint32_t)rows;
    if (tile >= (uint32_t)t.tiles) return false;
    *row = line - tile * (uint32_t)rows;
    *run = (int64_t)tile * TILE + of_run;
    *luck = t.luck;
    luck->run += READ(t.luck_of + *run);
    *mine = t.rows;
    *p = t.p;
    MOVE_TO_TILE
    return true;
}

#define AGENT(rows_of_kind) \
    int64_t row, run; Rows mine; Parameters p; Draws luck; \
    if (!found(t, rows_of_kind, &row, &run, &mine, &p, &luck)) return;
#define OF_RUN(rows_of_kind) AGENT(rows_of_kind) if (run >= t.runs) return;

KERNEL(reset, 256)
{
    const int64_t here = (int64_t)HERE;
    if (here < t.tiles * t.entries * TILE) t.block[here] = t.start[here / TILE % t.entries];
}

KERNEL(note_series, 64)
{
    OF_RUN(t.picks)
    double work[DEPTH];
    t.series[(run * t.picks + row) * (t.months + 1) + t.at] = CALL_level_of(&mine, 0, t.pick[row], float64_1d{work, DEPTH});
}

KERNEL(note_stages, 256)
{
    OF_RUN(t.rows.group.n1)
    t.stages[(run * (t.months + 1) + t.at) * t.rows.group.n1 + row] = (int8_t)CALL_stage_of(&mine, row);
}

KERNEL(note_accounts, 64)
{
    const int64_t forms = t.rows.form.n1;
    OF_RUN(3 * 5 * forms)
    const int64_t account = row / (5 * forms), stage = row / forms % 5, form = row % forms;
    t.accounts[(((run * 3 + account) * t.years + t.at) * forms + form) * 5 + stage] =
        CALL_account_of(&mine, account, stage, form);
}

// In order of runs, so that sums are the same bits in any batches: `r2psim.ensemble.engine.add_in_order`.
KERNEL(add_accounts, 64)
{
    const int64_t entries = t.years * 3 * 5 * t.rows.form.n1, here = (int64_t)HERE;
    if (here >= entries) return;
    double added = t.added[here];
    for (int64_t run = 0; run < t.runs; run++) added += t.accounts[run * entries + here];
    t.added[here] = added;
}

KERNEL(note_ledgers, 32)
{
    OF_RUN(1)
    double work[DEPTH];
    double *out = t.ledgers + (run * t.years + t.at) * LEDGERS;
    CALL_ledgers_at(&mine, 0, float64_1d{out, LEDGERS}, float64_1d{work, DEPTH});
}

KERNEL(note_end, 32)
{
    OF_RUN(1)
    double work[DEPTH];
    const int64_t bodies = t.rows.body.n1;
    CALL_measure(&mine, 0, t.months, float64_1d{t.metrics + run * METRICS, METRICS}, float64_1d{work, DEPTH});
    CALL_bodies_at(&mine, 0, float64_2d{t.bodies + run * bodies * BODY_ACCOUNTS, bodies, BODY_ACCOUNTS});
}
// ---- phases
