# Numbers in the options of a router, each on a router of its own.
F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F hostname=host-$1 -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1; chassis hv2 192.168.0.2
q() { v=${1//\\/\\\\}; echo "\"${v//\"/\\\"}\""; }
n=0; A=()
lr() { n=$((n+1)); A+=(-- lr-add r$n -- set Logical_Router r$n options:requested-tnl-key=$n "options:$1=$(q "$2")"); }
for k in ct-zone-limit snat-ct-zone mac_binding_age_threshold; do for v in 0 -1 +5 "5 " 65536 4294967295 4294967296 9999999999999999999 "" $'\v8'; do lr $k "$v"; done; done
for v in " 10.0.0.0/8:5" "10.0.0.0/8: 5" "10.0.0.0/8:+5" "10.0.0.0/8:5 " ";;5" "5;;" "5;6" "10.0.0.0/255.0.0.0:5" "10.0.0.0/255.0.255.0:5" ":5" "10.0.0.0/8:" "0;10.0.0.0/8:7" "10.0.0.0/8:5;::/0:3" "fe80::1%eth0:5"; do lr mac_binding_age_threshold "$v"; done
ovn-nbctl "${A[@]:1}"
