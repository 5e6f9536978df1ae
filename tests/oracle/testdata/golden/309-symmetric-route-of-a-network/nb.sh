ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl lr-add r0
ovn-nbctl ls-add sw0
ovn-nbctl lrp-add r0 r0-sw0 0a:00:00:00:ff:00 10.0.3.253/24 -- lsp-add sw0 sw0-r0 -- lsp-set-type sw0-r0 router -- lsp-set-addresses sw0-r0 router -- lsp-set-options sw0-r0 router-port=r0-sw0
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix=192.168.0.0/16 nexthop=10.0.3.24 options:ecmp_symmetric_reply=true options:origin=connected -- add Logical_Router r0 static_routes @n
ovn-nbctl -- --id=@n create Logical_Router_Static_Route ip_prefix=192.169.0.0/16 nexthop=10.0.3.25 options:ecmp_symmetric_reply=true -- add Logical_Router r0 static_routes @n
