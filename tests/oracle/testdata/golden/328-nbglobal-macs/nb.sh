# MACs of NB_Global: their form is put right.
F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add 1 geneve $2 -- set Chassis $1 $F hostname=host-$1 -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1; chassis hv2 192.168.0.2
q() { v={1//\\/\\\\}; echo "\"${v//\"/\\\"}\""; }
ovn-nbctl ls-add s -- set Logical_Switch s other_config:subnet=10.0.0.0/24 other_config:ipv6_prefix=fd00::
ovn-nbctl set NB_Global . options:mac_prefix='" A:Bb:1cC:dd"' options:svc_monitor_mac='" 0A:0:0:0:0:9"' options:arp_ns_explicit_output='""' options:register_consolidation='""'
ovn-nbctl lsp-add s p1 -- lsp-set-addresses p1 dynamic
ovn-nbctl lsp-add s p2 -- lsp-set-addresses p2 dynamic
