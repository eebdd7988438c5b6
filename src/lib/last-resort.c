/*
 * Signals that end a program though its main thread never comes to handle them: see last-resort.ts. Everything here
 * may be called in a signal handler. Without headers, which need not be there where this is compiled.
 */
typedef void (*handler)(int);
extern handler signal(int, handler);
extern unsigned alarm(unsigned);
extern int tcgetattr(int, void *);
extern int tcsetattr(int, int, const void *);
extern void _exit(int);

#define SIGNALS 65
#define SIGINT 2
#define SIGALRM 14
/* Larger than any system's struct termios. */
#define MODES 256
/* Unanswered SIGINTs after which the program ends. */
#define ENOUGH 3

static handler before[SIGNALS];
static long modes[MODES / sizeof(long)];
static int has_modes;
static unsigned patience;
static volatile int unanswered;
static volatile int code;

static void end(int number) {
  if (has_modes) tcsetattr(0, 0, modes);
  _exit(code);
}

static void told(int number) {
  if (number != SIGINT) {
    code = 128 + number;
    alarm(patience);
  } else if (++unanswered >= ENOUGH && code == 0) {
    code = 128 + number;
    alarm(1);
  }
  if ((long)before[number] > 1) before[number](number);
}

/* Watches a signal that has a handler, anew if need be; how the terminal was first is how it is left. */
void watch(int number, unsigned seconds) {
  if (number <= 0 || number >= SIGNALS) return;
  patience = seconds;
  if (!has_modes) has_modes = tcgetattr(0, modes) == 0;
  signal(SIGALRM, end);
  handler old = signal(number, told);
  if (old != told) before[number] = old;
}

/* The main thread has handled what came: it has so many seconds for the end, 0 if it does not end. */
void answer(unsigned seconds) {
  unanswered = 0;
  if (seconds == 0) code = 0;
  alarm(seconds);
}
