# What ./verbatim and ./test share: system packages, compilers, builds. Sourced by bash; `root` is
# the project's folder.

say() { printf 'verbatim: %s\n' "$*" >&2; }

# Installs what is missing of tools/packages.txt; the arguments are purposes: build, test.
install_packages() {
  command -v dpkg-query >/dev/null || return 0  # not Debian: the build says what it lacks
  local wanted missing=() package
  wanted=$(awk -v purposes=" $* " '!/^#/ && NF >= 2 && index(purposes, " " $2 " ") {print $1 ":" $3}' \
    "$root/tools/packages.txt")
  for package in $wanted; do
    local program=${package#*:}
    package=${package%%:*}
    [[ -n $program ]] && command -v "$program" >/dev/null && continue
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
      missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  local as_root=()
  if (($(id -u))); then
    if ! command -v sudo >/dev/null; then
      say "these packages are missing; install them as root: apt-get install ${missing[*]}"
      return 1
    fi
    as_root=(sudo)
  fi
  say "installing ${#missing[@]} system packages"
  mkdir -p "$root/build"
  # An update that fails, as with one broken source among many, need not keep them from installing.
  local commands='
    apt() { apt-get -q -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@"; }
    apt update
    apt install --no-install-recommends "$@"'
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive sh -c "$commands" sh "${missing[@]}" \
      >"$root/build/packages.log" 2>&1 </dev/null; then
    tail -n 20 "$root/build/packages.log" >&2
    say "the packages could not be installed; the whole log is build/packages.log"
    say "to install them as root: apt-get install ${missing[*]}"
    return 1
  fi
}

# The system's own tools come first: others in PATH may not know the system's libraries.
system_tool() { if [[ -x /usr/bin/$1 ]]; then echo "/usr/bin/$1"; else command -v "$1"; fi; }

# build PRESET [CMAKE_ARGUMENT...] -- TARGET...: configures and builds, quietly.
build() {
  local preset=$1 arguments=() log="$root/build/$1.log"
  shift
  while [[ $1 != -- ]]; do arguments+=("$1"); shift; done
  shift
  mkdir -p "$root/build"
  local cmake
  cmake=$(system_tool cmake)
  if [[ ! -f $root/build/$preset/CMakeCache.txt ]]; then
    arguments+=("-DCMAKE_MAKE_PROGRAM=$(system_tool ninja)")
    [[ -n ${CC:-} || ! -x /usr/bin/gcc ]] || arguments+=(-DCMAKE_C_COMPILER=/usr/bin/gcc)
    [[ -n ${CXX:-} || ! -x /usr/bin/g++ ]] || arguments+=(-DCMAKE_CXX_COMPILER=/usr/bin/g++)
  fi
  if ! { (cd "$root" && "$cmake" --preset "$preset" "${arguments[@]}") &&
         "$cmake" --build "$root/build/$preset" --parallel "$(nproc)" --target "$@"; } \
      >"$log" 2>&1 </dev/null; then
    grep -E -A 5 'error|Error|FAILED' "$log" | head -n 40 >&2 || tail -n 40 "$log" >&2
    say "the build failed; the whole log is build/$preset.log"
    return 1
  fi
}
