/* The program `nasc`: the command line around libnasc. */
#include "nasc.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum OptionKind { FLAG, INT, TEXT } OptionKind;

typedef struct Command {
    const char *name;
    NascStatus (*run)(const NascRequest *r);
    const char *arguments, *summary;
} Command;

typedef struct Option {
    const char *name;
    char letter;
    OptionKind kind;
    size_t field; /* offset in NascRequest */
    size_t size;  /* of the field */
    const char *argument, *commands, *help;
} Option;

static const Command commands[] = {
#define COMMAND(name, function, arguments, summary) {#name, function, arguments, summary},
#include "command/options.def"
};

static const Option options[] = {
#define OPTION(name, letter, kind, field, argument, commands, help)                                \
    {#name,    letter,   kind, offsetof(NascRequest, field), sizeof(((NascRequest *)0)->field),    \
     argument, commands, help},
#include "command/options.def"
};

static volatile int interrupted;

/* The first Ctrl-C asks for a clean end, the second does not ask. */
static void on_interrupt(int signal_number) {
    (void)signal_number;
    if (interrupted)
        _exit(NASC_INTERRUPTED);
    interrupted = 1;
    static const char text[] =
        "\ninterrupted: finishing what is in flight; again to stop at once\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(NASC_INTERRUPTED);
}

/* Results that cannot be written (a full disk behind a redirection) must not look like success. */
static bool result_lost;

static void write_stream(void *user, NascStream stream, const char *text, size_t len) {
    (void)user;
    FILE *f = stream == NASC_STREAM_RESULT ? stdout : stderr;
    if (stream == NASC_STREAM_PROGRESS && isatty(STDERR_FILENO))
        fputs("\r\033[K", f);
    if (fwrite(text, 1, len, f) != len || fflush(f) != 0)
        result_lost |= f == stdout;
}

static void on_bug(const char *message, void *user) {
    (void)user;
    fprintf(stderr,
            "nasc: this is a bug in nasc, not in your program: %s\n"
            "nasc: please report it with this line, the program and the command\n",
            message);
    fflush(stdout);
    _exit(NASC_BUG);
}

/* A crash is a bug as well; only what a signal handler may do. */
static void on_crash(int signal_number) {
    (void)signal_number;
    static const char text[] = "nasc: this is a bug in nasc, not in your program: it crashed\n"
                               "nasc: please report it with the program and the command\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) >= 0)
        _exit(NASC_BUG);
    _exit(NASC_BUG);
}

static void print_general_help(void) {
    printf("nasc %s: search spaces, proxies and rankings of neural architectures\n\n"
           "usage: nasc COMMAND FILE.nas [arguments] [options]\n\n",
           nasc_version());
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        printf("  nasc %-7s %s\n", commands[i].name, commands[i].summary);
    printf("\nA program of your own: `nasc check` it until it finds no mistake, look at a few "
           "points with `nasc sample`,\n"
           "at one network with `nasc show`, then `nasc run`.\n"
           "\n  nasc COMMAND --help      arguments and options of a command\n"
           "  nasc run FILE --help     parameters of a program, set as NAME=VALUE\n"
           "  nasc --version\n\n"
           "Exit codes: 0 done; 1 the program or its data is wrong; 2 wrong command line; 3 the "
           "environment\n"
           "failed (a file, the disk, memory, the processor); 4 nothing could be scored; 70 a bug "
           "in nasc;\n"
           "130 interrupted.\n"
           "The language: docs/language.md, installed as share/doc/nasc/language.md.\n");
}

static bool takes(const Option *o, const char *command) {
    size_t len = strlen(command);
    for (const char *p = o->commands; (p = strstr(p, command)); p += len)
        if ((p == o->commands || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
            return true;
    return false;
}

enum { HELP_INDENT = 24, HELP_WIDTH = 100 };

/* An option and its help, folded at spaces. */
static void print_help_line(const char *left, const char *help) {
    printf("  %-*s", HELP_INDENT - 2, left);
    size_t room = HELP_WIDTH - HELP_INDENT;
    while (strlen(help) > room) {
        size_t cut = room;
        while (cut > 1 && help[cut] != ' ')
            cut--;
        printf("%.*s\n%*s", (int)cut, help, HELP_INDENT, "");
        help += cut + (help[cut] == ' ');
    }
    printf("%s\n", help);
}

static void print_command_help(const Command *c) {
    printf("nasc %s: %s\n\nusage: nasc %s %s [options]\n\n", c->name, c->summary, c->name,
           c->arguments);
    if (strstr(c->arguments, "FILE"))
        print_help_line("FILE", "a .nas program");
    if (strstr(c->arguments, "FOLDER"))
        print_help_line("FOLDER", "what `nasc run --out` wrote");
    if (strstr(c->arguments, "REPORT"))
        print_help_line("REPORT", "a report.json");
    if (strstr(c->arguments, "ARCHITECTURE"))
        print_help_line("ARCHITECTURE",
                        "as `nasc sample FILE` writes it; in quotes, if it holds | or [");
    if (strstr(c->arguments, "NAME=VALUE"))
        print_help_line("NAME=VALUE",
                        "sets a parameter of the program; `nasc run FILE --help` lists them");
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        const Option *o = &options[i];
        char left[48], letter[5] = "";
        if (!takes(o, c->name))
            continue;
        if (o->letter)
            snprintf(letter, sizeof letter, "-%c, ", o->letter);
        snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->argument ? " " : "",
                 o->argument ? o->argument : "");
        print_help_line(left, o->help);
    }
    print_help_line("--help", strcmp(c->name, "run") == 0
                                  ? "this text; with FILE: the program's parameters"
                                  : "this text");
}

static NascStatus NASC_PRINTF(1, 2) usage(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    fputs("nasc: error: ", stderr);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputs("\n`nasc --help` shows the commands, `nasc COMMAND --help` their options\n", stderr);
    return NASC_USAGE_ERROR;
}

static const Option *find_option(const char *arg, const char **value) {
    const char *name = arg + 2, *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    *value = equals ? equals + 1 : NULL;
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        if (arg[1] == '-' && strlen(options[i].name) == len && !strncmp(options[i].name, name, len))
            return &options[i];
        if (arg[1] != '-' && arg[1] == options[i].letter) {
            *value = arg[2] ? arg + 2 : NULL;
            return &options[i];
        }
    }
    return NULL;
}

static NascStatus set_option(NascRequest *r, const Option *o, const char *value) {
    char *field = (char *)r + o->field;
    if (o->kind == FLAG) {
        if (value)
            return usage("--%s takes no value", o->name);
        *(bool *)field = true;
        return NASC_OK;
    }
    if (!value || !*value)
        return usage("--%s needs a value: --%s %s", o->name, o->name, o->argument);
    if (o->kind == TEXT) {
        *(const char **)field = value;
        return NASC_OK;
    }
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    long long least = strcmp(o->name, "seed") == 0 ? 0 : 1;
    long long most = o->size == sizeof(int) ? 4096 : INT64_MAX;
    if (*end || errno || number < least || number > most)
        return usage("--%s: '%s' is not a number from %lld to %lld", o->name, value, least, most);
    if (o->size == sizeof(int))
        *(int *)field = (int)number;
    else
        *(int64_t *)field = number;
    return NASC_OK;
}

static NascStatus parse(int argc, char **argv, const Command *c, NascRequest *r,
                        const char **args) {
    bool plain = false; /* after "--" */
    for (int i = 2; i < argc; i++) {
        char *arg = argv[i];
        if (plain || arg[0] != '-' || !arg[1]) {
            if (!r->file)
                r->file = arg;
            else
                args[r->nargs++] = arg;
            continue;
        }
        plain = strcmp(arg, "--") == 0;
        if (plain)
            continue;
        if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
            r->help = true;
            continue;
        }
        const char *value;
        const Option *o = find_option(arg, &value);
        if (!o)
            return usage("%s has no option %s", c->name, arg);
        if (!takes(o, c->name))
            return usage("%s does not take --%s", c->name, o->name);
        if (o->kind != FLAG && !value && i + 1 < argc)
            value = argv[++i];
        NascStatus status = set_option(r, o, value);
        if (status != NASC_OK)
            return status;
    }
    if (!r->file && !r->help)
        return usage("%s needs a file: nasc %s %s", c->name, c->name, c->arguments);
    return NASC_OK;
}

static void handle_signals(void) {
    struct sigaction interrupt = {.sa_handler = on_interrupt}, crash = {.sa_handler = on_crash};
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGTERM, &interrupt, NULL);
    signal(SIGPIPE, SIG_DFL);
#ifndef __SANITIZE_ADDRESS__
    crash.sa_flags = SA_RESETHAND;
    sigaction(SIGSEGV, &crash, NULL);
    sigaction(SIGFPE, &crash, NULL);
    sigaction(SIGILL, &crash, NULL);
    sigaction(SIGBUS, &crash, NULL);
#else
    (void)crash;
#endif
}

/* An architecture's memory is given back when it is done with, and the next one takes as much: pages
 * that went to the system in between would have to be cleared again. */
static void keep_memory(void) {
    mallopt(M_MMAP_THRESHOLD, 4 << 20);
    mallopt(M_TRIM_THRESHOLD, 32 << 20);
}

static NascStatus finish(NascStatus status) {
    if (status != NASC_OK || !(result_lost || fflush(stdout) != 0))
        return status;
    fprintf(stderr, "nasc: error: the result could not be written: %s\n", strerror(errno));
    return NASC_ENVIRONMENT;
}

int main(int argc, char **argv) {
    keep_memory();
    handle_signals();
    nasc_set_bug_hook(on_bug, NULL);
    if (argc < 2)
        return usage("no command");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_general_help();
        return finish(NASC_OK);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("nasc %s\n", nasc_version());
        return finish(NASC_OK);
    }
    const Command *c = NULL;
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].name, argv[1]) == 0)
            c = &commands[i];
    size_t len = strlen(argv[1]);
    if (!c && len > 4 && strcmp(argv[1] + len - 4, ".nas") == 0)
        return usage("'%s' is a program, not a command; `nasc run %s` runs it", argv[1], argv[1]);
    if (!c)
        return usage("there is no command '%s'", argv[1]);
    NascRequest r = {.live = isatty(STDERR_FILENO),
                     .colour = isatty(STDERR_FILENO) && !getenv("NO_COLOR"),
                     .interrupt = &interrupted,
                     .write = write_stream};
    const char **args = nasc_alloc((size_t)argc * sizeof *args);
    r.args = args;
    NascStatus status = parse(argc, argv, c, &r, args);
    if (status == NASC_OK && r.help && (!r.file || strcmp(c->name, "run") != 0))
        print_command_help(c);
    else if (status == NASC_OK)
        status = c->run(&r);
    free(args);
    return finish(status);
}
