#!/bin/busybox sh
# First process of the guest: loads the modules, mounts the two disks, runs the check list, and powers off.
bb=/bin/busybox
$bb mount -t proc proc /proc
$bb mount -t sysfs sys /sys
$bb mount -t devtmpfs dev /dev
for module in $($bb cat /modules/order); do
  $bb insmod "/modules/$module" || $bb echo "# cannot load $module"
done
# The disk of programs is never written to, and has no fs-verity.
$bb mount -t ext4 -o ro /dev/vda /root || $bb echo "# no disk of programs"
for folder in proc sys dev; do
  $bb mount -o bind /$folder /root/$folder
done
$bb mount -t tmpfs tmpfs /root/tmp
$bb mount -t tmpfs tmpfs /root/run
# The disk of the repository has it.
$bb mount -t ext4 /dev/vdb /root/data || $bb echo "# no disk of data"
# Nothing runs in a terminal: the serial line adds a carriage return to each line, which the host takes away.
$bb chroot /root /usr/bin/node /composefs/test/kernel/guest.mjs </dev/null 2>&1
$bb echo "# the check list ended with $?"
$bb poweroff -f
