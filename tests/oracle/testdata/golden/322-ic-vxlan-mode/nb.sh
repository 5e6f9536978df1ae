# A switch with ic-vxlan_mode, whatever it says, leaves room for the keys of transit switches.
F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F hostname=host-$1 -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1; chassis hv2 192.168.0.2
q() { v=${1//\\/\\\\}; echo "\"${v//\"/\\\"}\""; }
ovn-nbctl ls-add a -- set Logical_Switch a other_config:interconn-ts=ts other_config:ic-vxlan_mode=false
ovn-nbctl ls-add b -- set Logical_Switch b other_config:requested-tnl-key=1023
ovn-nbctl ls-add c
ovn-nbctl ls-add d -- set Logical_Switch d other_config:ic-vxlan_mode=true
ovn-nbctl ls-del d
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
