# What stock makes of numbers and words in other_config of a switch: each value on a switch of its own.
F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F hostname=host-$1 -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1; chassis hv2 192.168.0.2
q() { v=${1//\\/\\\\}; echo "\"${v//\"/\\\"}\""; }
n=0; A=()
sw() { n=$((n+1)); A+=(-- ls-add s$n -- set Logical_Switch s$n other_config:requested-tnl-key=$n "other_config:$1=$(q "$2")" $3); }
for k in ct-zone-limit fdb_age_threshold mcast_table_size mcast_idle_timeout mcast_query_interval mcast_query_max_response; do for v in 0 -1 +5 "5 " 05 4294967296 9999999999999999999 99999999999999999999999 5.5 "" $'\t7' -9223372036854775809; do sw $k "$v"; done; done
for k in mcast_snoop mcast_querier vlan-passthru broadcast-arps-to-all-routers; do for v in tRue FALSE " true"; do sw $k "$v"; done; done
for v in TRUE 1; do sw mcast_flood_unregistered $v other_config:mcast_snoop=true; done
for k in mcast_eth_src mcast_ip6_src interconn-ts; do for v in "" junk "10.0.0.1 x"; do sw $k "$v"; done; done
ovn-nbctl "${A[@]:1}"
k() { n=$((n+1)); ovn-nbctl ls-add s$n -- set Logical_Switch s$n "other_config:requested-tnl-key=$(q "$1")"; }
for v in "+1000" " 1001" "1002 " $'\t1003'; do k "$v"; done
# As many groups as the table of chassis has room for; a number without a sign.
dp() { ovn-sbctl --bare --columns=_uuid find Datapath_Binding external_ids:name=$1; }
pb() { ovn-sbctl --bare --columns=_uuid find Port_Binding logical_port=$1; }
igmp() { ovn-sbctl create IGMP_Group address=\"$3\" datapath=$(dp $2) chassis=$(ovn-sbctl --bare --columns=_uuid find Chassis name=$1) chassis_name=$1 ports=$4 >/dev/null; }
for v in -1 0 +1 "1 " 4294967296; do n=$((n+1)); ovn-nbctl ls-add s$n -- set Logical_Switch s$n other_config:mcast_snoop=true "other_config:mcast_table_size=$(q "$v")" -- lsp-add s$n p$n
igmp hv1 s$n 239.0.0.1 $(pb p$n); done
ovn-nbctl sync
