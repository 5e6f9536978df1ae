# The chassis of a BFD session is where the router port was bound when the session came.
ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-sbctl chassis-add hv2 geneve 192.168.0.2 -- set Chassis hv2 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv2 -- create Chassis_Private name=hv2 chassis=@c
ovn-nbctl sync
ovn-nbctl lr-add gr -- set Logical_Router gr options:chassis=hv1
ovn-nbctl lrp-add gr grp 0a:00:00:00:00:01 10.0.1.1/24
ovn-nbctl lr-add dr
ovn-nbctl lrp-add dr drp 0a:00:00:00:00:02 10.0.2.1/24
ovn-nbctl lrp-set-gateway-chassis drp hv2 20
ovn-nbctl lrp-add dr drq 0a:00:00:00:00:03 10.0.3.1/24
ovn-nbctl lr-add pr
ovn-nbctl lrp-add pr prp 0a:00:00:00:00:04 10.0.4.1/24
bound() { ovn-sbctl set Port_Binding $1 chassis=$(ovn-sbctl --bare --columns=_uuid find Chassis name=$2); ovn-nbctl sync; }
bound grp hv1
bound cr-drp hv2
bound prp hv1
ovn-nbctl create BFD logical_port=grp dst_ip=10.0.1.9
ovn-nbctl create BFD logical_port=drp dst_ip=10.0.2.9
ovn-nbctl create BFD logical_port=drq dst_ip=10.0.3.9
ovn-nbctl create BFD logical_port=prp dst_ip=10.0.4.9
ovn-nbctl lrp-add gr gr2 0a:00:00:00:00:05 10.0.5.1/24
ovn-nbctl create BFD logical_port=gr2 dst_ip=10.0.5.9
ovn-nbctl sync
bound gr2 hv1
ovn-nbctl --bfd lr-route-add gr 192.0.2.0/24 10.0.1.77 grp
ovn-nbctl create BFD logical_port=gr2 dst_ip=10.0.5.10
ovn-nbctl sync
bound gr2 hv2
ovn-nbctl create BFD logical_port=grp dst_ip=10.0.1.12
bound grp hv2
ovn-sbctl clear Port_Binding gr2 chassis
ovn-nbctl sync
