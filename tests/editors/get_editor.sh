#!/bin/sh
# Unpacks an editor of a Debian suite into a folder; the system is not touched and no root is needed. Packages come from the
# mirror that apt is configured with, and apt checks their signatures. Does nothing where the folder is complete already.
# usage: get_editor.sh FOLDER EDITOR         then FOLDER/bin has the programs, and FOLDER/version says what they are
# EDITOR: neovim, neovim-0.10, helix, emacs, emacs-28, vim
set -eu

stop() {
    echo "get_editor.sh: $*" >&2
    exit 1
}

[ $# = 2 ] || stop "usage: get_editor.sh FOLDER EDITOR"
editor=$2
case $editor in
neovim-0.10) suite=trixie floor=0.10 program=nvim packages=neovim ;;
neovim) suite=forky floor=0.11 program=nvim packages=neovim ;;
helix) suite=forky floor=25.01 program=hx packages=hx ;;
emacs) suite=forky floor=30.1 program=emacs packages=emacs-nox ;;
emacs-28) suite=bookworm floor=28.2 program=emacs packages='emacs-nox elpa-eglot elpa-lsp-mode' ;;
vim) suite=bookworm floor=9.0 program=vim packages='vim vim-ale' ;;
*) stop "there is no editor '$editor'; there are: neovim, neovim-0.10, helix, emacs, emacs-28, vim" ;;
esac
recipe=$(cksum <"$0")
[ "$(cat "$1/recipe" 2>/dev/null)" != "$recipe" ] || exit 0

for tool in apt-get dpkg-deb tar flock patchelf; do
    command -v "$tool" >/dev/null || stop "needs $tool: $editor is taken from Debian's packages"
done
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || stop "needs $keyring, from the package debian-archive-keyring"
# shellcheck disable=SC2016 # apt's own variables
mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' | sed -n 's/^Debian //p' | head -n 1)
[ -n "$mirror" ] || stop "apt is configured with no mirror of Debian (has apt-get update been run?)"

mkdir -p "$1"
folder=$(cd "$1" && pwd)
rm -rf "${folder:?}"/*

# A configuration of apt's own, which knows the one suite and believes that nothing is installed. Editors of the same suite
# share it, one after the other.
apt=${folder%/*}/apt-$suite
mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/parts"
exec 9>"$apt/lock"
flock 9
: >"$apt/status"
echo "deb [signed-by=$keyring] $mirror $suite main" >"$apt/sources.list"
cat >"$apt/apt.conf" <<END
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "$apt/parts";
Dir::Etc::PreferencesParts "$apt/parts";
Dir::State "$apt";
Dir::State::Lists "$apt/lists";
Dir::State::Status "$apt/status";
Dir::Cache "$apt";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "";
// A mirror that lags behind is good enough for a test's editor; the signatures are checked all the same.
Acquire::Check-Valid-Until "false";
APT::Install-Recommends "false";
END
export APT_CONFIG="$apt/apt.conf"

# fetch: the packages and what they need, without what only compiling with them needs.
fetch() {
    # shellcheck disable=SC2086 # several names
    names=$(apt-get -qq --simulate install $packages 2>"$apt/errors" |
        sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1=\2/p' | grep -vE '^([^=]*-dev|binutils[^=]*|perl[^=]*|emacsen-common)=') &&
        (cd "$folder" && echo "$names" | xargs apt-get -qq download 2>"$apt/errors")
}
# Lists of another day may name packages that the mirror has no longer.
if ! fetch; then
    apt-get -qq update 2>"$apt/errors" ||
        stop "the package lists of Debian $suite cannot be fetched from apt's mirror $mirror: $(tail -n 3 "$apt/errors")"
    fetch || stop "the packages of $editor ($packages in Debian $suite) cannot be fetched from $mirror: $(tail -n 3 "$apt/errors")"
fi
flock --unlock 9

# Programs and libraries lie below usr; the old places are links to it.
root=$folder/root
for name in bin sbin lib lib64; do
    mkdir -p "$root/usr/$name"
    ln -s "usr/$name" "$root/$name"
done
for package in "$folder"/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x -C "$root" --keep-directory-symlink --no-same-owner \
        --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/locale' --exclude='./usr/share/icons' -f -
done
rm "$folder"/*.deb
usr=$root/usr
loader=$(find "$usr/lib64" "$usr/lib" -name 'ld-linux*.so.*' | head -n 1)
libraries=$(dirname "$(find "$usr/lib" -name 'libc.so.6' | head -n 1)")

# wrap FILE LINES ARGUMENTS: makes bin/PROGRAM, which runs FILE. The file is patched to use the loader and the libraries of
# its own suite: started through the loader by hand, Neovim's terminal interface would not find itself.
wrap() {
    patchelf --set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$1"
    mkdir -p "$folder/bin"
    printf '#!/bin/sh\n%s\nexec "%s" %s "$@"\n' "$2" "$1" "$3" >"$folder/bin/$program"
    chmod +x "$folder/bin/$program"
}

case $editor in
neovim*) wrap "$usr/bin/nvim" "export VIMRUNTIME='$usr/share/nvim/runtime'" '' ;;
helix) wrap "$usr/lib/hx/hx" "export HELIX_RUNTIME='$usr/lib/hx/runtime'" '' ;;
vim)
    runtime=$(find "$usr/share/vim" -maxdepth 1 -name 'vim9*' | head -n 1)
    wrap "$usr/bin/vim.basic" "export VIM='$usr/share/vim' VIMRUNTIME='$runtime'" ''
    ;;
emacs*)
    share=$(find "$usr/share/emacs" -maxdepth 1 -name '[0-9]*' | head -n 1)
    dump=$(find "$usr/lib/emacs" "$usr/libexec/emacs" -name '*.pdmp' 2>/dev/null | head -n 1)
    lisp=$(find "$share/lisp" -type d ! -name obsolete ! -name term | tr '\n' ':')
    # Packages of Debian are byte-compiled when they are installed, and a site file puts them on the load path.
    packages=$(find "$usr/share/emacs/site-lisp" -mindepth 2 -maxdepth 2 -type d -path '*/elpa-src/*' | tr '\n' ':')
    wrap "$usr/bin/emacs-nox" "export EMACSLOADPATH='$packages$lisp' EMACSDATA='$share/etc' EMACSDOC='$share/etc' EMACSPATH='$(dirname "$dump")'" \
        "--dump-file='$dump'"
    ;;
esac

said=$("$folder/bin/$program" --version | head -n 1) || stop "the unpacked $editor does not run"
version=$(echo "$said" | sed 's/^[^0-9]*\([0-9][0-9.]*\).*/\1/')
[ "$(printf '%s\n' "$floor" "$version" | sort -V | head -n 1)" = "$floor" ] ||
    stop "Debian $suite has $editor $version, and the tests need $floor or newer"
echo "$editor $version, of Debian $suite" >"$folder/version"
echo "$recipe" >"$folder/recipe"
