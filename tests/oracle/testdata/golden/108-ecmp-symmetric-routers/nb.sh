ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl ls-add sw0
ovn-nbctl ls-add ext
ovn-nbctl lr-add r0
ovn-nbctl lr-add r1
ovn-nbctl lr-add r2
ovn-nbctl set NB_Global . options:ecmp_nexthop_monitor_enable=true
ovn-nbctl lrp-add r0 r0-sw0 0a:00:00:00:fe:01 10.0.0.1/24 -- lsp-add sw0 sw0-r0 -- lsp-set-type sw0-r0 router -- lsp-set-addresses sw0-r0 router -- lsp-set-options sw0-r0 router-port=r0-sw0
ovn-nbctl lrp-add r0 r0-ext 0a:00:00:00:ff:01 172.16.0.1/24 2001:db8::1/64 -- lsp-add ext ext-r0 -- lsp-set-type ext-r0 router -- lsp-set-addresses ext-r0 router -- lsp-set-options ext-r0 router-port=r0-ext
ovn-nbctl --ecmp-symmetric-reply lr-route-add r0 192.0.2.0/24 172.16.0.201 r0-ext
ovn-nbctl --ecmp-symmetric-reply lr-route-add r0 192.0.2.0/24 172.16.0.202 r0-ext
ovn-nbctl --ecmp-symmetric-reply lr-route-add r0 192.0.3.0/24 172.16.0.203
ovn-nbctl --ecmp-symmetric-reply lr-route-add r0 2001:db8:9::/48 2001:db8::77
ovn-nbctl --ecmp-symmetric-reply --route-table=t lr-route-add r0 192.0.4.0/24 172.16.0.205
ovn-nbctl --ecmp-symmetric-reply --policy=src-ip lr-route-add r0 192.0.5.0/24 172.16.0.206
ovn-nbctl --ecmp lr-route-add r0 192.0.6.0/24 172.16.0.208
ovn-nbctl --ecmp-symmetric-reply lr-route-add r0 192.0.6.0/24 172.16.0.209
ovn-nbctl lrp-add r1 r1-sw0 0a:00:00:00:fe:02 10.0.0.2/24 -- lsp-add sw0 sw0-r1 -- lsp-set-type sw0-r1 router -- lsp-set-addresses sw0-r1 router -- lsp-set-options sw0-r1 router-port=r1-sw0
ovn-nbctl lrp-add r1 r1-ext 0a:00:00:00:ff:02 172.16.0.2/24 2001:db8::2/64 -- lsp-add ext ext-r1 -- lsp-set-type ext-r1 router -- lsp-set-addresses ext-r1 router -- lsp-set-options ext-r1 router-port=r1-ext
ovn-nbctl --ecmp-symmetric-reply lr-route-add r1 192.0.2.0/24 172.16.0.201 r1-ext
ovn-nbctl --ecmp-symmetric-reply lr-route-add r1 192.0.2.0/24 172.16.0.202 r1-ext
ovn-nbctl --ecmp-symmetric-reply lr-route-add r1 192.0.3.0/24 172.16.0.203
ovn-nbctl --ecmp-symmetric-reply lr-route-add r1 2001:db8:9::/48 2001:db8::77
ovn-nbctl --ecmp-symmetric-reply --route-table=t lr-route-add r1 192.0.4.0/24 172.16.0.205
ovn-nbctl --ecmp-symmetric-reply --policy=src-ip lr-route-add r1 192.0.5.0/24 172.16.0.206
ovn-nbctl --ecmp lr-route-add r1 192.0.6.0/24 172.16.0.208
ovn-nbctl --ecmp-symmetric-reply lr-route-add r1 192.0.6.0/24 172.16.0.209
ovn-nbctl lrp-add r2 r2-sw0 0a:00:00:00:fe:03 10.0.0.3/24 -- lsp-add sw0 sw0-r2 -- lsp-set-type sw0-r2 router -- lsp-set-addresses sw0-r2 router -- lsp-set-options sw0-r2 router-port=r2-sw0
ovn-nbctl lrp-add r2 r2-ext 0a:00:00:00:ff:03 172.16.0.3/24 2001:db8::3/64 -- lsp-add ext ext-r2 -- lsp-set-type ext-r2 router -- lsp-set-addresses ext-r2 router -- lsp-set-options ext-r2 router-port=r2-ext
ovn-nbctl --ecmp-symmetric-reply lr-route-add r2 192.0.2.0/24 172.16.0.201 r2-ext
ovn-nbctl --ecmp-symmetric-reply lr-route-add r2 192.0.2.0/24 172.16.0.202 r2-ext
ovn-nbctl --ecmp-symmetric-reply lr-route-add r2 192.0.3.0/24 172.16.0.203
ovn-nbctl --ecmp-symmetric-reply lr-route-add r2 2001:db8:9::/48 2001:db8::77
ovn-nbctl --ecmp-symmetric-reply --route-table=t lr-route-add r2 192.0.4.0/24 172.16.0.205
ovn-nbctl --ecmp-symmetric-reply --policy=src-ip lr-route-add r2 192.0.5.0/24 172.16.0.206
ovn-nbctl --ecmp lr-route-add r2 192.0.6.0/24 172.16.0.208
ovn-nbctl --ecmp-symmetric-reply lr-route-add r2 192.0.6.0/24 172.16.0.209
ovn-nbctl set Logical_Router r0 options:chassis=hv1
ovn-nbctl lrp-set-gateway-chassis r1-ext hv1
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
