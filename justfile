# Short names for what one does often. `just` lists them.

_default:
    @just --list

# virtual environment, system packages, the package itself
setup *arguments:
    scripts/setup {{arguments}}

# lint, types, contracts, docs, tests
test *arguments:
    scripts/test {{arguments}}

# a slow sample application, found, explained, fixed and proven fixed
demo:
    scripts/demo

# put the code into its one format
format:
    .venv/bin/ruff check --fix .
    .venv/bin/ruff format .

# what tracing costs, side by side with other tools (minutes; root)
overhead *arguments:
    .venv/bin/python bench/overhead.py {{arguments}}

# how soon the server answers
startup *arguments:
    .venv/bin/python bench/startup.py {{arguments}}

# whether diagnose is right, on programs with a known answer (minutes; root)
diagnosis *arguments:
    .venv/bin/python bench/diagnosis.py {{arguments}}

# whether diagnose points at what releases of real packages repaired (minutes; root, network)
packages *arguments:
    .venv/bin/python bench/real_packages.py {{arguments}}
