#!/bin/sh
# Become a container: a root folder that holds this machine's system, to be read only, and a
# rehearsal's own folders; cgroups; a container's usual capabilities. Runs in new namespaces of
# mounts and processes, so that nothing of this is there outside, or is left behind.
#   enter.sh ROOT FOLDER SYSTEM PYTHON_HOME CGROUPS CAPABILITIES COMMAND...
# SYSTEM is another system's root folder, or "" for this machine's. CGROUPS is "SEEN_AT=FOLDER ...":
# where a group is seen inside, and its folder outside.
set -eu
root=$1 folder=$2 system=$3 python_home=$4 groups=$5 capabilities=$6
shift 6

readable() { mkdir -p "$root$1"; mount --bind "$1" "$root$1"; mount -o remount,bind,ro "$root$1"; }
writable() { mkdir -p "$root$2"; mount --bind "$1" "$root$2"; }

this_machine() {
  mount -t tmpfs -o mode=755 none "$root"
  mkdir -m 1777 "$root/tmp"
  for place in /bin /sbin /lib /lib32 /lib64 /libx32; do
    if [ -L "$place" ]; then ln -s "$(readlink "$place")" "$root$place"
    elif [ -d "$place" ]; then readable "$place"; fi
  done
  readable /usr
  readable /etc
  case $python_home in /usr | /usr/*) ;; *) readable "$python_home" ;; esac
  mkdir -p "$root/proc" "$root/dev" "$root/root"
}

if [ -n "$system" ]; then mount --bind "$system" "$root"; else this_machine; fi
writable "$folder/autograder" /autograder
writable "$folder/packages" /opt/gradlab
readable "$folder/wheels"
mount -t proc none "$root/proc"
mount -t tmpfs -o mode=755 none "$root/dev"
for device in null zero full random urandom; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
for group in $groups; do
  readable_at=$root${group%%=*}
  mkdir -p "$readable_at"
  mount --bind "${group#*=}" "$readable_at"
  mount -o remount,bind,ro "$readable_at"
  echo 0 >"${group#*=}/cgroup.procs"
done
exec setpriv --bounding-set="$capabilities" --inh-caps=-all chroot "$root" "$@"
