# A chassis that cannot ct_commit_nat(snat).
ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true
ovn-nbctl lr-add gr -- set Logical_Router gr options:chassis=hv1
ovn-nbctl lrp-add gr grp 0a:00:00:00:00:01 10.0.1.1/24 -- set Logical_Router_Port grp options:gateway_mtu=1400
ovn-nbctl lr-add g2 -- set Logical_Router g2 options:chassis=hv1
ovn-nbctl lrp-add g2 g2p 0a:00:00:00:00:02 10.0.2.1/24 -- set Logical_Router_Port g2p options:gateway_mtu=1400
ovn-nbctl lr-nat-add g2 snat 10.0.2.1 10.7.0.0/16 -- lr-nat-add g2 dnat 10.0.2.9 10.7.0.9 -- lb-add lb1 10.0.2.8:80 10.7.0.8:80 -- lr-lb-add g2 lb1
ovn-nbctl lr-add d3
ovn-nbctl lrp-add d3 d3p 0a:00:00:00:00:03 10.0.3.1/24 -- set Logical_Router_Port d3p options:gateway_mtu=1400
ovn-nbctl lrp-set-gateway-chassis d3p hv1
ovn-nbctl lr-nat-add d3 snat 10.0.3.1 10.7.0.0/16
ovn-nbctl lr-nat-add d3 dnat_and_snat 10.0.3.9 10.7.0.9
