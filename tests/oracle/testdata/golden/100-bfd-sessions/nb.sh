ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl ls-add sw0
ovn-nbctl ls-add ext
ovn-nbctl lr-add gw
ovn-nbctl lrp-add gw gw-sw0 0a:00:00:00:ff:01 10.0.0.254/24 -- lsp-add sw0 sw0-gw -- lsp-set-type sw0-gw router -- lsp-set-addresses sw0-gw router -- lsp-set-options sw0-gw router-port=gw-sw0
ovn-nbctl lrp-add gw gw-ext 0a:00:00:00:ff:04 172.16.0.1/24 2001:db8::1/64 -- lsp-add ext ext-gw -- lsp-set-type ext-gw router -- lsp-set-addresses ext-gw router -- lsp-set-options ext-gw router-port=gw-ext
ovn-nbctl set Logical_Router gw options:chassis=hv1
ovn-nbctl --bfd lr-route-add gw 192.0.2.0/24 172.16.0.201 gw-ext
ovn-nbctl --bfd lr-route-add gw 192.0.3.0/24 172.16.0.202 gw-ext
ovn-nbctl --bfd lr-route-add gw 192.0.4.0/24 172.16.0.203 gw-ext
ovn-nbctl --bfd lr-route-add gw 2001:db8:1::/48 2001:db8::2 gw-ext
ovn-nbctl --bfd lr-policy-add gw 10 'ip4.src == 10.0.0.7' reroute 172.16.0.210,172.16.0.211
ovn-nbctl --bfd lr-policy-add gw 11 'ip4.src == 10.0.0.8' reroute 172.16.0.212
ovn-nbctl create BFD logical_port=gw-ext dst_ip=172.16.0.220 min_tx=500 min_rx=0 detect_mult=10 options:a=b external_ids:c=d
ovn-nbctl create BFD logical_port=gw-ext dst_ip=172.16.0.221 status=up
ovn-nbctl create BFD logical_port=gw-ext dst_ip=bad
b() { ovn-sbctl --bare --columns=_uuid find BFD dst_ip=$1; }
ovn-sbctl set BFD $(b 172.16.0.201) status=up -- set BFD $(b 172.16.0.202) status=init -- set BFD $(b 172.16.0.210) status=up -- set BFD $(b \"2001:db8::2\") status=up
ovn-nbctl sync
ovn-nbctl lr-route-del gw 192.0.4.0/24
ovn-nbctl sync
