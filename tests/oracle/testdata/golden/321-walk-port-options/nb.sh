# Options of switch ports: which texts count as set, and as which chassis.
F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F hostname=host-$1 -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1; chassis hv2 192.168.0.2
q() { v=${1//\\/\\\\}; echo "\"${v//\"/\\\"}\""; }
n=0
ovn-nbctl ls-add s
ovn-nbctl ls-add t -- lsp-add t tn -- lsp-set-type tn localnet -- lsp-set-options tn network_name=
ovn-nbctl lsp-add t t1 -- lsp-set-options t1 qos_burst=
port() { n=$((n+1)); ovn-nbctl lsp-add ${4:-s} p$n -- set Logical_Switch_Port p$n "type=$(q "$3")" "options:$1=$(q "$2")" "addresses=[\"0a:00:00:00:00:$(printf %02x $n) 10.0.0.$n\",\"unknown\"]"; }
for t in "" localport; do for v in "hv1, hv2" " hv1" "hv1,,hv2" ",hv1" "HV1" "host-hv1,hv2"; do port requested-chassis "$v" "$t" t; done; done
for v in MC_UNKNOWN mc_Unknown junk ""; do port pkt_clone_type "$v" "" t; done
for v in +100 " 101" "102 " $'\t103'; do port requested-tnl-key "$v"; done
# Of another availability zone, in capitals.
ovn-sbctl chassis-add rem geneve 192.168.0.9 -- set Chassis rem other_config:is-remote=TRUE
port requested-chassis rem remote; port requested-chassis rem
ovn-nbctl sync
