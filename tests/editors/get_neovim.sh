#!/bin/sh
# Unpacks the Neovim of a newer Debian suite into a folder; the system is not touched and no root is needed. Packages come
# from the mirror that apt is configured with, and apt checks their signatures. Does nothing where it is there already.
# usage: get_neovim.sh FOLDER          then FOLDER/nvim runs it
set -eu

suite=forky # Debian 12's own Neovim is 0.7; the tests need 0.11

mkdir -p "$1"
folder=$(cd "$1" && pwd)
[ ! -x "$folder/nvim" ] || exit 0

stop() {
    echo "get_neovim.sh: $*" >&2
    exit 1
}

for tool in apt-get dpkg-deb tar; do
    command -v "$tool" >/dev/null || stop "needs $tool: Neovim is taken from Debian's packages"
done
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || stop "needs $keyring, from the package debian-archive-keyring"
# shellcheck disable=SC2016 # apt's own variables
mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' | sed -n 's/^Debian //p' | head -n 1)
[ -n "$mirror" ] || stop "apt is configured with no mirror of Debian (has apt-get update been run?)"

# A configuration of apt's own for this folder, which knows the one suite and believes that nothing is installed.
apt=$folder/apt
rm -rf "$apt" "$folder/system"
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/parts" "$folder/system/usr"
: >"$apt/status"
echo "deb [signed-by=$keyring] $mirror $suite main" >"$apt/sources.list"
cat >"$apt/apt.conf" <<END
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "$apt/parts";
Dir::State "$apt";
Dir::State::Lists "$apt/lists";
Dir::State::Status "$apt/status";
Dir::Cache "$apt/cache";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "";
// A mirror that lags behind is good enough for a test's editor; the signatures are checked all the same.
Acquire::Check-Valid-Until "false";
APT::Install-Recommends "false";
END
export APT_CONFIG="$apt/apt.conf"
apt-get -qq update || stop "the package lists of Debian $suite cannot be fetched from apt's mirror"
apt-get -qq --yes --download-only install neovim || stop "the packages of Neovim cannot be fetched from apt's mirror"

# Programs and libraries lie below usr; the old places are links to it.
root=$folder/system
for name in bin sbin lib lib64; do
    mkdir -p "$root/usr/$name"
    ln -s "usr/$name" "$root/$name"
done
for package in "$apt"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x -C "$root" --keep-directory-symlink --no-same-owner -f -
done
rm -rf "$apt"

# The suite's own loader and libraries run it.
loader=$(find "$root/usr/lib64" "$root/usr/lib" -name 'ld-linux*.so.*' | head -n 1)
libraries=$(dirname "$(find "$root/usr/lib" -name 'libc.so.6' | head -n 1)")
cat >"$folder/nvim.new" <<END
#!/bin/sh
export VIMRUNTIME='$root/usr/share/nvim/runtime'
exec '$loader' --library-path '$libraries' '$root/usr/bin/nvim' "\$@"
END
chmod +x "$folder/nvim.new"
"$folder/nvim.new" --version >/dev/null || stop "the unpacked Neovim does not run"
mv "$folder/nvim.new" "$folder/nvim"
