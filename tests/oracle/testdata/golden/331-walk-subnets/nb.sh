# Subnets, excluded addresses and prefixes of switches that give out addresses, with odd texts.
F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F hostname=host-$1 -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1
q() { v=${1//\\/\\\\}; echo "\"${v//\"/\\\"}\""; }
n=0
sw() { n=$((n+1)); ovn-nbctl ls-add s$n -- set Logical_Switch s$n "other_config:$1=$(q "$2")" $3 -- lsp-add s$n s$n-a -- lsp-set-addresses s$n-a "0a:00:00:00:00:$(printf %02x $n) dynamic"; }
for v in 10.0.0.9/24 10.0.0.0/31 10.0.0.0/32 10.0.0.0/255.255.255.0 10.0.0.0/255.0.255.0 " 10.0.0.0/24" "10.0.0.0/24 " 0.0.0.0/0 010.0.0.0/24; do sw subnet "$v"; done
for v in "10.0.0.9..10.0.0.2" "10.0.0.2,10.0.0.3" "10.0.0.2 .. 10.0.0.5" "10.0.0.2..junk" "10.0.0.2 junk 10.0.0.3" "9.0.0.0..10.0.0.5" 10.0.0.0/28; do sw exclude_ips "$v" other_config:subnet=10.0.0.0/24; done
for v in fd00::1 FD00:: fd00::/48 "fd00:: " fe80:: 10.0.0.1; do sw ipv6_prefix "$v"; done
sw mac_only TRUE
